"""Speaking HTTP to a district as anybody outside does: signing in, pages, and the API with a token of one's own."""

from __future__ import annotations

import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from http.cookiejar import CookieJar
from typing import Any

from haihe.kernel.errors import CheckFailed, Refused

File = tuple[str, str, bytes]  # name of the field, name of the file, content


class HttpClient:
    """One account of a district. Every call fails with CheckFailed where the district refuses or does not answer in time."""

    def __init__(self, base: str, username: str, seconds_left: Callable[[], float]) -> None:
        self.base, self.username, self.seconds_left = base, username, seconds_left
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.token = ""

    def sign_in(self, password: str) -> HttpClient:
        """Sign in with a first password, change it as the page asks, and make a token for what follows."""
        fresh = secrets.token_urlsafe(18)
        self._form("/sign-in/", {"username": self.username, "password": password})
        self._form("/password/", {"old": password, "new": fresh, "again": fresh})
        headers = {"X-CSRFToken": self._cookie("csrftoken"), "Content-Type": "application/json"}
        body = json.dumps({"name": "check", "days": 1, "may_write": True}).encode()
        self.token = json.loads(self._send("/api/v1/me/tokens", body, headers))["secret"]
        return self

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer of the API; `path` begins below /api/v1."""
        asked = urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        return _json(self._send(f"/api/v1{path}" + (f"?{asked}" if asked else ""), None, self._bearer()))

    def post(
        self, path: str, body: Any = None, *, form: Mapping[str, Any] | None = None, files: Iterable[File] = ()
    ) -> Any:
        """POST JSON, or a form with files, to the API."""
        files = list(files)
        if form is None and not files:
            headers = {"Content-Type": "application/json"}
            data = json.dumps({} if body is None else body).encode()
        else:
            headers, data = _multipart(form or {}, files)
        return _json(self._send(f"/api/v1{path}", data, {**headers, **self._bearer()}))

    def fetch(self, path: str, **query: Any) -> bytes:
        """The file with which the API answers a POST."""
        return self._send(f"/api/v1{path}?{urllib.parse.urlencode(query)}", b"", self._bearer())

    def page(self, path: str) -> str:
        """The text of a page, as the signed-in person gets it."""
        return self._send(path, None, {}).decode("utf-8", "replace")

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _form(self, path: str, fields: Mapping[str, str]) -> None:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page(path))
        if found is None:
            raise CheckFailed("页面上没有表单。", "There is no form on the page.", where=path)
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": found[1]}).encode()
        self._send(path, data, {"Content-Type": "application/x-www-form-urlencoded"})

    def _cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == name), "")

    def _send(self, path: str, data: bytes | None, headers: Mapping[str, str]) -> bytes:
        left = self.seconds_left()
        request = urllib.request.Request(self.base + path, data, dict(headers))  # noqa: S310  (our own address)
        try:
            with self.opener.open(request, timeout=left) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            told = error.read().decode("utf-8", "replace")
            raise Refused(error.code, _reason(told), path.split("?")[0]) from error
        except OSError as error:
            raise CheckFailed("没有应答。", f"No answer: {error}.", where=path.split("?")[0]) from error


def _json(content: bytes) -> Any:
    return json.loads(content) if content else None


def _reason(told: str) -> str:
    try:
        error = json.loads(told)["error"]
        return f"{error['message_en']} {error['where']}"[:300]
    except (ValueError, KeyError, TypeError):
        return "a page that is no answer of the API"


def _multipart(form: Mapping[str, Any], files: Iterable[File]) -> tuple[dict[str, str], bytes]:
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form.items()
    ]
    for field, name, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, b"".join(parts)
