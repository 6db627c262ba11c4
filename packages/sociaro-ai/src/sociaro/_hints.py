"""What to use instead of names that users of other SDKs look for."""

from __future__ import annotations

_LATER = "not in this version; sociaro_core.Gateway reaches every path meanwhile"

_HINTS = {
    "client": {
        "embeddings": _LATER,
        "default_headers": "settings are not readable; change them with with_options",
        "files": _LATER,
        "gateway": _LATER,
        "images": _LATER,
        "max_retries": "settings are not readable; change them with with_options",
        "models": _LATER,
        "moderations": _LATER,
        "request": _LATER,
        "timeout": "settings are not readable; change them with with_options",
        "video": _LATER,
        "videos": _LATER,
        "api_key": "the key is not readable; pass it on to with_options(api_key=...)",
        "audio": "use client.chat.completions.create(modalities=[...], audio=...)",
        "beta": "use client.chat.completions.create",
        "completion": "use client.chat.completions.create",
        "acompletion": "use AsyncSociaro and await client.chat.completions.create",
        "completions": "use client.chat.completions.create",
        "copy": "use client.with_options(...)",
        "messages": 'use client.chat.completions.create(model="anthropic/...")',
        "options": "use client.with_options(...)",
        "responses": "use client.chat.completions.create",
        "with_raw_response": "every answer has .meta (status_code, headers, attempts)",
        "with_streaming_response": "use create(stream=True)",
    },
    "client.chat": {
        "create": "use client.chat.completions.create",
        "completion": "use client.chat.completions.create",
    },
    "client.chat.completions": {
        "acreate": "use AsyncSociaro and await create(...)",
        "parse": "use create(response_format={...}) and decode the content",
        "stream": "use create(stream=True); the stream has get_final_completion()",
        "with_raw_response": "every answer has .meta (status_code, headers, attempts)",
        "with_streaming_response": "use create(stream=True)",
    },
}


def hint(owner: str, name: str) -> AttributeError:
    """Return the error of a name that is not there, with what to use instead."""
    text = f"{owner} has no {name!r}"
    instead = _HINTS[owner].get(name)
    return AttributeError(f"{text}: {instead}" if instead else text, name=name)
