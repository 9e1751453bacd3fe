"""Calls to Slack's Web API: no retries by the library, a time limit, a fail-point before and after, and errors by
what they mean for a send."""

from __future__ import annotations

import http.client
import urllib.error
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import SendLater, SendPointless, SendRefused, SendUnsure
from bot.failpoints import reach

TIMEOUT_SECONDS = 10
_LATER = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout", "service_unavailable"})
_UNSURE = frozenset({"internal_error", "fatal_error"})
"""Slack's own words: "the operation may have succeeded"."""
_READS = frozenset(
    {
        "auth.test",
        "conversations.history",
        "conversations.info",
        "conversations.replies",
        "users.info",
        "usergroups.users.list",
    }
)
"""Methods that take no JSON."""
_FORMS = frozenset({"files.getUploadURLExternal", "files.completeUploadExternal"})
"""Methods of the upload: they take a form, the files as JSON in it."""
_DONE = frozenset({"already_reacted", "no_reaction"})
_POINTLESS = frozenset(
    {"message_not_found", "cant_delete_message", "cant_update_message", "edit_window_closed", "thread_not_found"}
)


def web_client(token: str, base_url: str) -> WebClient:
    """A client that never sends a thing twice by itself. ``base_url`` ends in ``/api/``."""
    return WebClient(token, base_url=base_url, timeout=TIMEOUT_SECONDS, retry_handlers=[])


class SlackCalls:
    """One method of the Web API at a time."""

    def __init__(self, client: WebClient) -> None:
        self.client = client

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """``method`` such as ``chat.postMessage``. Raises SendLater, SendRefused, SendPointless, SendUnsure."""
        reach(f"slack.{method}.before")
        try:
            given = {k: v for k, v in arguments.items() if v is not None}
            if method in _READS:
                answer = self.client.api_call(method, http_verb="GET", params=given)
            elif method in _FORMS:
                answer = self.client.api_call(method, params=given)
            else:
                answer = self.client.api_call(method, json=given)
        except SlackApiError as error:
            return self._refused(method, error)
        except urllib.error.HTTPError as error:
            raise SendUnsure(f"Slack {method}: answered {error.code}") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                raise SendLater(f"Slack {method}: cannot be reached ({error.reason})", seconds=5) from error
            raise SendUnsure(f"Slack {method}: {error.reason}") from error
        except (OSError, http.client.HTTPException, SlackClientError, ValueError) as error:
            # the connection broke, or what came back is no JSON: the request was written all the same
            raise SendUnsure(f"Slack {method}: {type(error).__name__}") from error
        reach(f"slack.{method}.after")
        assert isinstance(answer.data, dict)
        return answer.data

    def _refused(self, method: str, error: SlackApiError) -> dict[str, Any]:
        response = error.response
        data = response.data if isinstance(getattr(response, "data", None), dict) else {}
        said = str(data.get("error", ""))
        if response.status_code == 429 or said in _LATER:
            after = str(response.headers.get("Retry-After", response.headers.get("retry-after", "")))
            raise SendLater(
                f"Slack {method}: asks to wait", seconds=float(after) if after.isdigit() else 5.0, whole_place=True
            ) from error
        if said in _DONE:
            return dict(data)
        if said in _POINTLESS:
            raise SendPointless(f"Slack {method}: {said}") from error
        if response.status_code >= 500 or said in _UNSURE or not said:
            raise SendUnsure(f"Slack {method}: answered {response.status_code} {said}") from error
        raise SendRefused(f"Slack {method}: {said}") from error
