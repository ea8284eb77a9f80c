"""One secret in the forms in which a URL, a header, a body or an exception may quote it."""

from __future__ import annotations

__all__ = ["SECRET", "TEXTS", "URLS"]

# Mixed case and digits, as keys are. Every form below holds it literally, so a search finds what leaks.
SECRET = "Zq7XsecretZq7"

URLS = [
    f"https://host.test/v1/chat?key={SECRET}",
    f"https://host.test/v1/chat?a=1&api-version=2&sig={SECRET}",
    f"https://host.test?{SECRET}",
    f"https://user:{SECRET}@host.test/v1",
    f"https://{SECRET}@host.test/v1",
    f"http://{SECRET}:@proxy.test:3128",
    f"https://u:a%40{SECRET}@host.test",
    f"/v1beta/models/x:generate?key={SECRET}",
    f"https%3A%2F%2Fhost.test%2Fv1%3Fkey%3D{SECRET}",
    f"https%3A%2F%2Fu%3A{SECRET}%40host.test%2F",
    f"https%253A%252F%252Fhost.test%253Fsig%253D{SECRET}",
    f"wss://host.test/live#access_token={SECRET}",
    f"user:{SECRET}@proxy.test:3128",
]
TEXTS = [
    *(f"request to {url} failed" for url in URLS),
    f"401 for Bearer {SECRET}",
    f"401 for bearer: {SECRET}",
    f"Proxy sent Basic {SECRET}==",
    f"Authorization: {SECRET}",
    f"{{'authorization': 'Bearer {SECRET}'}}",
    f"{{'Authorization': b'Token {SECRET}'}}",
    f"sk-{SECRET}",
    f"Incorrect API key provided: sk-proj-{SECRET}.",
    f"invalid x-api-key sk-ant-api03-{SECRET}",
    f"gsk_{SECRET}, hf_1",
    f"key AIza{SECRET} not valid",
    f"token eyJhbGciOi.{SECRET}.sig",
    f"api_key={SECRET}",
    f"apikey: {SECRET}",
    f'{{"api_key":"{SECRET}"}}',
    f'{{\\"client_secret\\": \\"{SECRET}\\"}}',
    f"access_token={SECRET}&x=1",
    f"AWS_SECRET_ACCESS_KEY={SECRET}",
    f"AccountKey={SECRET};EndpointSuffix=x",
    f"X-Amz-Security-Token: {SECRET}",
    f"Cookie: session={SECRET}",
    f"password='{SECRET}'",
    f"pwd={SECRET}",
    f"sig%3D{SECRET}",
    f"the key {SECRET * 3} is not known",
    f"dapi0123456789abcdef{SECRET}",
    f"lsv2_pt_{SECRET}",
]
