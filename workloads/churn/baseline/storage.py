"""Cloud Storage by its JSON API.

Behind a proxy urllib goes through it (``https_proxy``, ``no_proxy``) and trusts ``SSL_CERT_FILE``: nothing here knows
whether it runs on Google Cloud or on a laptop.
"""

import json
import os
import random
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode

from baseline.errors import InputError

API = "https://storage.googleapis.com"
METADATA = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
TRIES = 5

_token = ("", 0.0)


class ApiError(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def read(uri: str) -> bytes:
    """An object's content. Raises InputError where there is no such object."""
    bucket, name = _split(uri)
    try:
        return _call("GET", f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media")
    except ApiError as error:
        if error.status == 404:
            raise InputError(f"there is no object {uri}") from error
        raise


def write(uri: str, content: bytes, content_type: str) -> None:
    """Writes an object in one request: there is either the whole of it or nothing."""
    bucket, name = _split(uri)
    query = urlencode({"uploadType": "media", "name": name})
    _call("POST", f"/upload/storage/v1/b/{bucket}/o?{query}", content, content_type)


def write_json(uri: str, value: Any) -> None:
    """Writes a value as JSON, the same bytes each time."""
    write(uri, json.dumps(value, sort_keys=True).encode(), "application/json")


def list_objects(folder: str, suffix: str) -> list[str]:
    """The addresses of the objects below a folder whose names end so, by name."""
    bucket, prefix = _split(folder)
    query = {"prefix": prefix}
    found: list[str] = []
    while True:
        page = json.loads(_call("GET", f"/storage/v1/b/{bucket}/o?{urlencode(query)}"))
        found += [f"gs://{bucket}/{item['name']}" for item in page.get("items", []) if item["name"].endswith(suffix)]
        if "nextPageToken" not in page:
            return found
        query["pageToken"] = page["nextPageToken"]


def _call(method: str, path: str, body: bytes | None = None, content_type: str | None = None) -> bytes:
    """Calls the API as the container's service account; what passes by itself is tried again."""
    for attempt in range(1, TRIES + 1):
        try:
            return _send(method, API + path, body, content_type)
        except (ApiError, OSError, HTTPException) as error:
            passes = not isinstance(error, ApiError) or error.status == 429 or error.status >= 500
            if attempt == TRIES or not passes:
                raise
            time.sleep(random.uniform(0.5, 1) * 0.2 * 2**attempt)
    raise AssertionError("the last try returns or raises")


def _send(method: str, url: str, body: bytes | None, content_type: str | None) -> bytes:
    headers = {"Authorization": f"Bearer {_access_token()}"}
    if content_type:
        headers["Content-Type"] = content_type
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        answer = error.read().decode(errors="replace")
        raise ApiError(error.code, f"{method} {url}: {error.code} {answer}") from error


def _access_token() -> str:
    """The token of the container's service account, from the metadata server; it lasts about an hour."""
    global _token
    token, expires = _token
    if time.monotonic() < expires:
        return token
    url = f"http://{METADATA}/computeMetadata/v1/instance/service-accounts/default/token"
    request = urllib.request.Request(url, headers={"Metadata-Flavor": "Google"})
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.load(response)
    _token = (answer["access_token"], time.monotonic() + int(answer["expires_in"]) - 60)
    return _token[0]


def _split(uri: str) -> tuple[str, str]:
    scheme, _, rest = uri.partition("://")
    bucket, _, name = rest.partition("/")
    if scheme != "gs" or not bucket:
        raise InputError(f"{uri} is no gs:// address")
    return bucket, name
