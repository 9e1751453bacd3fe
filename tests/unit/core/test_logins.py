"""The user name as typed, where it is not the full address."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Ticket
from bot.core.parse.logins import find_login
from bot.core.parse.reading import read
from knowledge import load

LANGUAGES = load().languages


def login(body: str, *, known: tuple[str, ...] = ()) -> str | None:
    return find_login(read(Ticket("t", body), LANGUAGES), (), known)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("Username: anna", "anna"),
        ("In the field user name we have (twice) typed: anna", "anna"),
        ("Bij gebruikersnaam (in en uit) zijn voornaam ingevuld: anna.", "anna"),
        ("имя пользователя оно само подставило: anna , ну я так и оставил", "anna"),
        ("User name: anna.kern", "anna.kern"),
        ("my login is akern", "akern"),
        ('I log in as "anna"', "anna"),
        ("I log in with just anna, not the address", "anna"),
        ("Benutzername: akern", "akern"),
        ("Anmeldename ist akern.", "akern"),
        ("Identifiant : marie", "marie"),
        ("Nom d'utilisateur: marie", "marie"),
        ("Usuario: pedro", "pedro"),
        ("Nome utente: gianni", "gianni"),
        ("Gebruikersnaam: jan", "jan"),
        ("Nome de utilizador: joao", "joao"),
        ("Nazwa użytkownika: jkowalski", "jkowalski"),
        ("Имя пользователя: ivan", "ivan"),
        ("ユーザー名：taro", "taro"),
        ("用户名：wangwei", "wangwei"),
        ("login: FIRM\\anna", "FIRM\\anna"),
        ("imap-login: Disconnected (auth failed): user=<anna>, method=PLAIN", "anna"),
        ("sasl_username=anna, fails", "anna"),
    ],
)
def test_a_bare_name_behind_its_label(body: str, name: str) -> None:
    assert login(body) == name


@pytest.mark.parametrize(
    "body",
    [
        "Username: anna@firm.example",
        "User name is my full address",
        "the login failed again",
        "login is not possible",
        "The user is unknown",
        "Benutzername ist die volle Adresse",
        "Benutzername: korrekt",
        "username and password are correct",
        "I log in with my phone",
        "login page",
        "utilisateur : mon adresse",
        "my username is correct",
        "Login: imap.firm.example",
        "user 25 wrote",
        "usuario y contraseña correctos",
        "the login screen says error",
        "nothing here",
        "User-Agent: Thunderbird",
        "username is the same as before",
        "User name is ok",
        "Login: mail.firm.co.uk",
        "user: smtp.firm.eu",
        'm.login(os.environ["TM_USER"], os.environ["TM_PASS"])',
        "user: SMTP_USER",
    ],
)
def test_prose_about_the_login_is_no_login(body: str) -> None:
    assert login(body) is None


def test_the_known_local_part_needs_no_colon() -> None:
    assert login("I sign in as usual with the user name anna but it refuses", known=("anna@firm.example",)) == "anna"
    assert login("anna wrote the ticket", known=("anna@firm.example",)) is None


def test_the_name_keeps_its_letters() -> None:
    assert login("Username: AnnaK") == "AnnaK"


@given(st.text(alphabet="userlogin: =\"'anna@.\\\n", max_size=120))
@settings(max_examples=150, deadline=None)
def test_never_an_address_never_empty(body: str) -> None:
    found = login(body)
    assert found is None or (found and "@" not in found and not found.isspace())


@pytest.mark.parametrize(
    ("body", "known", "name"),
    [
        (
            "It asks for a User Name further down, so I put Fiona Abernethy like it says up top.",
            "fiona.abernethy@firm.example",
            "Fiona Abernethy",
        ),
        ("Als Benutzername habe ich Karl Meier eingetragen.", "meier@firm.example", "Karl Meier"),
        ("The user name goes to Apple Mail.", "karl@firm.example", None),
        ("The username is right.\nKarl Meier", "meier@firm.example", None),
        ('Cannot Get Mail. The user name or password for "Karl Meier" is incorrect.', "meier@firm.example", None),
    ],
)
def test_a_persons_name_in_the_field_for_the_user_name(body: str, known: str, name: str | None) -> None:
    assert login(body, known=(known,)) == name
