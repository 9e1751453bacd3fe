"""Words that say whether a client works or fails, per language: a small table, read by client_verdicts.

``works`` are statements in the present that all is well; ``fails`` that something is not; ``no`` negates a
word of ``works`` that stands near it; ``but`` turns from one subject to another; ``except_`` singles out the
one that fails; ``past`` says that a statement is about earlier days; ``also`` repeats what was said before.
Common usage of each language; the error words are those of clients' own dialogs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Alternatives of regular expressions. Word boundaries are added for languages that have them."""

    works: str
    fails: str
    no: str
    but: str
    except_: str
    past: str
    also: str
    only: str


WORDS: dict[str, Words] = {
    "en": Words(
        works=r"(?<=: )ok(?:ay)?|can (?:still |only )?(?:send|receive|log ?in|sign in|connect|read)|works?|working|(?:no|any|"
        r"zero) (?:problems?|issues?|trouble|errors?|complaints?)|"
        r"without (?:a |an |any |the )?(?:\w+ )?"
        r"(?:problems?|issues?|trouble|errors?|murmurs?|hitch\w*|complaints?|hiccups?|fuss|difficult\w+|"
        r"fail)|(?:is|are|all|runs?|does|goes|do) "
        r"(?:\w+ )?(?:fine|ok|okay|good|well|happy|perfect\w*)|(?:just|perfectly|still) fine|fine|happily|"
        r"perfectly|flawless\w*|like a charm|"
        r"connects? (?:at once|immediately|right away)|logs? (?:right |straight )?in(?: with)?|(?:gets?|"
        r"lets? me|goes) (?:right |straight )?in|"
        r"accepts? (?:it|the|this|that|them)|has no (?:problem|trouble|issue)s?|never (?:complain|had|wanted|"
        r"mind)\w*|unaffected|happy|"
        r"run with it|(?:sends|receives|syncs|fetches) (?:normally|as usual|as always)",
        fails=r"fail\w*|error\w*|refus\w+|reject\w+|den(?:y|ies|ied)|time[sd]? ?out|timeout|can ?(?:no|')?t|"
        r"cannot|won'?t|will not|doesn'?t|"
        r"don'?t|isn'?t|not|never|nothing|unable|keeps?|asks?|asking|prompts?|prompting|says?|saying|shows?|"
        r"showing|reports?|tells?|complains?|"
        r"claims?|stop(?:s|ped)|stuck|hangs?|broken?|breaks|dead|wrong|incorrect|invalid|no longer|trouble|"
        r"problems?|issues?|loops?|"
        r"unreachable|disconnect\w*|warns?|warning|crash\w*|same (?:error|thing|result|problem|message|here)|"
        r"gives?|throws?|returns?|raises?|"
        r"spits|pops? up|insists?|quit|gets? (?:an?|the|this)|(?:i|we) get|will not (?:have|take)|"
        r"nothing happens|offline|bounc\w+|dies|died|die|stall\w*|chok\w+|drops?",
        no=r"not|n'?t|never|no longer|stop(?:s|ped)?|neither|nor|nothing|hardly|cannot|refuses? to|fails? to|"
        r"unable|used to|until|was|were|been|had|made|get it",
        but=r"but|while|whereas|however|though|although|yet|unlike|on the other hand|nevertheless|instead|"
        r"even though|whilst|only on|just on",
        except_=r"except(?: for| that| in)?|apart from|other than|aside from|everything but|all but",
        past=r"used to|previously|formerly|for years|moved from|came from|switched from|migrated from|"
        r"years ago|before (?:that|this)|in the past|until last|our old|"
        r"back then|once had|earlier",
        also=r"too|also|as well|likewise|either|the same|ditto|so does|neither does",
        only=r"only|just|solely",
    ),
    "de": Words(
        works=r"funktioniert|funktionieren|geht|gehen|(?<!mir )(?<!uns )läuft|laufen|klappt|klappen|"
        r"tut(?: es| problemlos|"
        r" einwandfrei)|(?:kein|keine|keinerlei|ohne) (?:\w+ )?"
        r"(?:problem\w*|fehler\w*|schwierigkeit\w*|murren|mucken|beanstandung)|problemlos|einwandfrei|"
        r"tadellos|fehlerfrei|reibungslos|anstandslos|in ordnung|"
        r"alles (?:gut|ok|bestens|prima)|(?:ist|sind) (?:ok|okay|gut)|ok|verbindet sich sofort|kommt rein|"
        r"ganz normal",
        fails=r"fehl\w*|scheiter\w*|abgelehnt|lehnt|verweiger\w*|zeitüberschreitung|timeout|kann|können|"
        r"nicht|kein\w*|nichts|fragt|will|verlangt|meldet|sagt|zeigt|"
        r"behauptet|hängt|streikt|spinnt|kaputt|falsch|ungültig|problem\w*|trennt|warnt|bricht|stürzt|"
        r"dieselbe|gleiche\w*|bringt|wirft|kommt|erscheint|offline|mault|meckert",
        no=r"nicht|kein\w*|nie|nimmer|nichts|weder|war|lief|bis|mehr",
        but=r"aber|während|jedoch|hingegen|dagegen|allerdings|obwohl|doch|dafür|sondern|wohingegen",
        except_=r"außer|ausgenommen|bis auf|ausser",
        past=r"früher|bisher|vorher|damals|zuvor|umgestiegen von|kommen von|gewechselt von|jahrelang|ehemals|"
        r"bis vor kurzem|altem? ",
        also=r"auch|ebenso|ebenfalls|genauso|gleichfalls|dito",
        only=r"nur|bloß|lediglich|einzig",
    ),
    "fr": Words(
        works=r"fonctionne(?:nt)?|marche(?:nt)?|(?:aucun|pas de|sans|sans aucun|aucune) (?:problème|souci|"
        r"erreur|difficulté)s?|parfaitement|impeccable\w*|nickel|"
        r"(?:est|sont|tout est|c'est|va) (?:ok|bon|bien)|se connecte (?:bien|sans|tout de suite)|"
        r"tout va bien|normalement|très bien|ok",
        fails=r"échou\w*|échec|erreur\w*|refus\w*|rejet\w*|impossible|peut|peux|pas|plus|jamais|demande\w*|"
        r"affiche\w*|dit|indique|signale|bloqu\w*|plante\w*|incorrect\w*|"
        r"invalide|problème\w*|souci\w*|déconnect\w*|n'arrive|renvoie|même (?:erreur|chose|résultat|message)|"
        r"rien|expir\w*|délai",
        no=r"ne|n'|pas|plus|jamais|aucun\w*|ni|était|marchait|jusqu\w*",
        but=r"mais|alors que|tandis que|par contre|en revanche|cependant|pourtant|bien que|toutefois|or",
        except_=r"sauf|excepté|hormis|à part|à l'exception",
        past=r"avant|auparavant|autrefois|précédemment|pendant des années|venons? de|ancien\w*|jusqu'ici",
        also=r"aussi|également|de même|idem|pareil|non plus",
        only=r"seul\w*|seulement|uniquement|que (?:dans|sur|avec)",
    ),
    "es": Words(
        works=r"funciona[n]?|tiran?(?! (?:error|un error))|chuta|(?:va|van|entra|entro|entran|conecta|sale) (?:\w+ )?(?:bien|perfecto|"
        r"perfectamente|normal|sin)|(?:sin|ningún|ninguna|ni un) (?:\w+ )?"
        r"(?:problemas?|errores|error|dificultad\w*)|perfectamente|perfecto|correctamente|todo (?:bien|ok|"
        r"correcto)|(?:está|están) (?:bien|ok)|bien|ok|a la primera",
        fails=r"fall\w*|error\w*|rechaz\w*|imposible|puedo|puede|pueden|podemos|no|nada|nunca|pide|piden|"
        r"dice|muestra|sale|indica|avisa|bloque\w*|incorrect\w*|inválid\w*|"
        r"problema\w*|desconect\w*|(?:el |lo )?mismo (?:error|resultado|mensaje)|cuelga|agotado|tampoco|"
        r"devuelve|da|se queda\w*|se cuelga\w*|revienta",
        no=r"no|nunca|tampoco|ningun\w*|ni|dejó|deja|iba|funcionaba|hasta|ya",
        but=r"pero|mientras que|mientras|sin embargo|en cambio|aunque|no obstante|sino",
        except_=r"excepto|salvo|menos|a excepción de",
        past=r"antes|anteriormente|durante años|hasta ahora|veníamos|antiguo\w*",
        also=r"también|igualmente|tampoco|igual|ídem",
        only=r"sólo|solo|solamente|únicamente",
    ),
    "it": Words(
        works=r"funziona(?:no)?|(?:va|vanno|entra|entro|si collega) (?:\w+ )?(?:bene|tutto|subito|senza)|"
        r"(?:nessun|senza|nessuna) (?:\w+ )?(?:problem\w+|error\w+|difficoltà)|"
        r"perfettamente|regolarmente|correttamente|tutto (?:bene|ok|a posto)|(?:è|sono) (?:ok|a posto)|"
        r"tranquillamente|bene|ok",
        fails=r"non|error\w*|fall\w*|rifiut\w*|impossibile|niente|nulla|mai|chiede|chiedono|dice|mostra|"
        r"segnala|blocc\w*|errat\w*|problem\w*|disconn\w*|scadut\w*|"
        r"(?:lo )?stesso (?:errore|risultato|messaggio)|respin\w*|restituisce|dà|nessuna delle|nemmeno|"
        r"neanche",
        no=r"non|mai|nessun\w*|né|più|andava|funzionava|fino",
        but=r"ma|mentre|però|invece|tuttavia|anche se|sebbene|eppure",
        except_=r"tranne|eccetto|salvo|a parte",
        past=r"prima|in precedenza|per anni|finora|vecchi\w+|venivamo",
        also=r"anche|pure|ugualmente|idem|nemmeno|neanche|neppure",
        only=r"solo|soltanto|solamente|unicamente",
    ),
    "nl": Words(
        works=r"werkt|werken|(?:gaat|gaan|doet|loopt|lukt) (?:\w+ )?(?:goed|prima|wel|zonder|gewoon)|(?:geen|"
        r"zonder) (?:\w+ )?(?:problem\w+|probleem|fout\w*|moeite|storing)|"
        r"probleemloos|perfect|foutloos|prima|(?:is|zijn) (?:goed|ok|oké|in orde)|doet het|doen het|ok|"
        r"normaal|gewoon goed|vlekkeloos",
        fails=r"fout\w*|mislukt\w*|faalt|geweigerd|weigert|afgewezen|kan|kunnen|niet|geen|niets|nooit|vraagt|"
        r"vragen|zegt|meldt|toont|geeft|hangt|onjuist|ongeldig|"
        r"probleem|problemen|verbroken|time-?out|(?:de|het)zelfde|loopt vast|blijft",
        no=r"niet|geen|nooit|noch|niets|meer|werkte|deed|tot",
        but=r"maar|terwijl|echter|daarentegen|hoewel|toch|wel",
        except_=r"behalve|uitgezonderd|op .{1,15} na",
        past=r"vroeger|voorheen|eerder|jarenlang|tot nu toe|oude",
        also=r"ook|eveneens|hetzelfde|idem",
        only=r"alleen|enkel|slechts|uitsluitend",
    ),
    "pt": Words(
        works=r"funciona[m]?|(?:vai|entra|entro|conecta|está|estão|abre) (?:\w+ )?(?:bem|normal\w*|sem|"
        r"perfeit\w+|certo|ok)|(?:sem|nenhum|nenhuma|sem nenhum) (?:\w+ )?"
        r"(?:problemas?|erros?|dificuldades?)|perfeitamente|normalmente|corretamente|tudo (?:bem|ok|certo)|"
        r"bem|ok|de primeira",
        fails=r"falh\w*|erro\w*|recus\w*|rejeit\w*|impossível|consigo|consegue|não|nao|nada|nunca|pede|diz|"
        r"mostra|aparece|indica|avisa|bloque\w*|incorret\w*|incorrect\w*|inválid\w*|"
        r"problema\w*|deslig\w*|desconect\w*|(?:o )?mesmo (?:erro|resultado)|trava|expirou|tampouco|devolve|"
        r"dá",
        no=r"não|nao|nunca|nem|nenhum\w*|deixou|parou|funcionava|até",
        but=r"mas|enquanto|porém|entretanto|no entanto|contudo|embora|já (?:o|a|no|na)",
        except_=r"exceto|excepto|salvo|menos|tirando",
        past=r"antes|anteriormente|durante anos|até agora|antig\w+",
        also=r"também|igualmente|idem|tampouco",
        only=r"só|somente|apenas|unicamente",
    ),
    "pl": Words(
        works=r"działa(?:ją)?|(?:bez|żadn\w+) (?:\w+ )?(?:problem\w*|błęd\w*|zarzut\w*|trudności)|"
        r"bezproblemowo|prawidłowo|poprawnie|wszystko (?:ok|dobrze|gra)|(?:jest|są) (?:ok|dobrze)|"
        r"ok|normalnie|świetnie|dobrze|łączy się (?:od razu|bez)|chodzi",
        fails=r"błąd\w*|błęd\w*|nie|odrzuc\w*|odmaw\w*|odmow\w*|nigdy|nic|pyta|prosi|żąda|mówi|pokazuje|"
        r"wyświetla|zgłasza|wyskakuje|zawiesza|nieprawidłow\w*|niepoprawn\w*|problem\w*|"
        r"rozłącz\w*|przestał\w*|ten sam|to samo|wymaga|przekroczon\w*|nieudan\w*",
        no=r"nie|nigdy|ani|przestał\w*|działał\w*|do",
        but=r"ale|natomiast|podczas gdy|jednak|lecz|zaś|chociaż|choć|mimo|a(?= (?:w|na|thunderbird|outlook|"
        r"telefon))",
        except_=r"oprócz|poza|z wyjątkiem|prócz",
        past=r"wcześniej|poprzednio|kiedyś|dawniej|dotychczas|przez lata|star\w+",
        also=r"też|również|także|tak samo|podobnie",
        only=r"tylko|jedynie|wyłącznie",
    ),
    "ru": Words(
        works=r"работа(?:ет|ют)|(?:без|никаких|нет) (?:\w+ )?(?:проблем\w*|ошиб\w*|сбоев|затруднений)|"
        r"нормально|исправно|корректно|отлично|хорошо|вс[её] (?:ок|хорошо|в порядке|нормально)|"
        r"в порядке|заходит|подключается|входит|ок|прекрасно|спокойно",
        fails=r"ошиб\w*|не|нет|отказ\w*|отклон\w*|отверг\w*|невозможно|нельзя|никогда|ничего|спрашивает|"
        r"просит|требует|говорит|пишет|показывает|выдаёт|выдает|сообщает|ругается|зависает|"
        r"неверн\w*|неправильн\w*|проблем\w*|отключ\w*|перестал\w*|то же|та же|истекло|сбой",
        no=r"не|нет|ни|никогда|перестал\w*|раньше|до",
        but=r"но|а|однако|зато|тогда как|хотя|в то время как|при этом",
        except_=r"кроме|за исключением|исключая",
        past=r"раньше|прежде|ранее|до этого|много лет|стар\w+|было",
        also=r"тоже|также|аналогично|так же",
        only=r"только|лишь|единственн\w*",
    ),
    "ja": Words(
        works=r"問題(?:は|も)?(?:あり|ござい)ません|問題ない|問題なく|正常(?:に|です)|使えています|使えます|動作しています|動いています|動きます|できています|大丈夫|"
        r"送受信できます|受信できます|ログインできます|接続できます|(?<![A-Za-z])OKです",
        fails=r"できません|できない|できなく|出来ません|エラー|失敗|ません|表示|言われ|出ます|出て|求められ|聞かれ|つながらない|繋がらない|おかしい|不可|だめ|ダメ|同じ|拒否|"
        r"タイムアウト|止ま",
        no=r"ない|ません|なく|いた|ました|までは",
        but=r"ですが|ますが|けど|けれど|しかし|一方|でも|のに|ただし|ただ|なのに",
        except_=r"以外(?:は|では)?|除いて",
        past=r"以前|前は|今まで|これまで|かつて|昔",
        also=r"も同じ|も同様|同様|も",
        only=r"だけ|のみ",
    ),
    "zh": Words(
        works=r"没(?:有)?(?:任何)?(?:问题|错误)|沒(?:有)?(?:任何)?(?:問題|錯誤)|正常|可以(?:用|登录|收发|发送|登入)|都可以|工作(?:良好|正常)|"
        r"能(?:正常)?(?:登录|收发|使用)|一切(?:正常|良好)|好用|很好|无问题|無問題",
        fails=r"不能|不行|无法|無法|失败|失敗|错误|錯誤|报错|報錯|提示|显示|顯示|拒绝|拒絕|超时|逾時|总是|老是|一直|要求|不了|出现|出現|断开|收不到|发不出|连不上|登不上|"
        r"不正确|不对|同样|一样|弹出",
        no=r"不|没|沒|无|無|之前|以前",
        but=r"但是|但|可是|然而|不过|不過|却|卻|而|只是|只有",
        except_=r"除了|除",
        past=r"以前|之前|原来|原來|过去|過去|曾经",
        also=r"也|同样|同樣|一样|一樣",
        only=r"只有|只|仅|僅",
    ),
}
SUBJECTS = (
    r"phone|mobile|handy|smartphone|tablet|laptop|notebook|desktop|pc|computer|machine|rechner|browser|"
    r"webmail|colleagues?|kolleg\w+|others?|"
    r"téléphone|portable|ordinateur|navigateur|móvil|celular|ordenador|navegador|telefono|cellulare|"
    r"portatile|telefoon|computador|"
    r"telemóvel|telefon\w*|komputer\w*|laptop\w*|przeglądar\w+|телефон\w*|компьютер\w*|ноутбук\w*|браузер\w*|"
    r"スマホ|携帯|パソコン|ブラウザ|ウェブメール|"
    r"手机|手機|电脑|電腦|平板|网页|網頁|浏览器"
)
"""Other things a clause may be about: what is said of them is not said of the client named before."""
PARTIAL = (
    r"receiv\w*|incoming|inbox|reading|read|send\w*|outgoing|imap|smtp|empf\w+|eingang\w*|posteingang|"
    r"abruf\w*|lesen|send\w+|versand\w*|verschick\w*|recev\w*|réception|"
    r"reçois|reçoit|envoi\w*|envoy\w*|recib\w*|recepción|enviar|envío|ricev\w*|ricezione|invi\w*|ontvang\w*|"
    r"verzend\w*|versturen|receb\w*|odbi\w+|odbiór|wysył\w*|получ\w*|"
    r"при[её]м|отправ\w*|受信|送信|收信|收件|收邮件|发信|发送|发邮件"
)
"""Half of the work: that receiving works does not say that the client works."""
SENT_FROM = (
    r"(?:(?:sent|e-?mailed) (?:from|via|with|using)|gesendet (?:von|mit|über|vom)|von meinem .{1,40}gesendet|"
    r"diese nachricht wurde von meinem|"
    r"(?:get|holen sie sich|laden sie|télécharge[rz]|obtenez|obtener|obter o?|scarica|ottieni|download|"
    r"pobierz|скача(?:ть|йте)|获取|取得) ?outlook|"
    r"outlook (?:für|voor|for) (?:ios|android) (?:beziehen|herunterladen|downloaden|を入手)|"
    r"outlook for .{2,12}を入手|"
    r"envoyé (?:de|depuis|à partir|avec)|enviado (?:desde|do|da|a partir|de|pelo|via|con)|inviato (?:da|dal|"
    r"con)|verzonden (?:vanaf|vanuit|met|via)|"
    r"verstuurd (?:vanaf|vanuit|met)|wysłan[eoy] (?:z|ze|przez|w)|отправлено (?:с|из|от|через)|"
    r"发自|發自|从我的|從我的|"
    r"來自我的|"
    r"skickat från|sendt fra|lähetetty|odesláno z|trimis de pe|.{1,24}から送信(?=\s*$))"
)
"""How a line begins that a program adds on its own: no evidence of what fails (the programs' default "
"signatures)."""
FIELD_LABELS = (
    r"(?:affected |failing |used |your |betroffenes? |verwendetes? |benutztes? )?(?:e-?mail |mail |email )?"
    r"(?:program(?:me)?(?: \+ version| and version| ?/ ?version| & version)?|app(?:lication)?|client|"
    r"software|mailer|environment|mua|mail client|"
    r"programm(?: (?:und|\+|/) version)?|e-?mail-?programm|mailprogramm|anwendung|umgebung|e-?mail-?client|"
    r"logiciel(?: de messagerie)?|messagerie|client (?:de messagerie|mail|de correo|di posta|"
    r"de e-?mail)|environnement|aplicación|programa(?: de correo| de e-?mail)?|cliente(?: de correo|"
    r" de e-?mail)?|entorno|applicazione|programma(?: di posta)?|ambiente|applicatie|"
    r"mailprogramma|e-?mailprogramma|omgeving|aplicação|aplicativo|aplikacja|program(?: pocztowy)?|"
    r"klient(?: pocztowy| poczty)?|środowisko|приложение|программа|почтовый клиент|"
    r"почтовая программа|клиент|окружение|среда|"
    r"アプリ(?:名|ケーション)?|メール(?:ソフト|アプリ|クライアント)|"
    r"ソフト(?:名|ウェア)?|環境|"
    r"使用(?:ソフト|アプリ)|客户端|邮件客户端|软件|邮件软件|"
    r"环境|程序|用戶端|郵件軟體|軟體|program a verze)"
    r"(?: name| used| verwendet| utilisé\w*| utilizad\w+| usat\w+|名称|名稱|名)?"
)
"""Labels of a form's field that names the client which fails."""
