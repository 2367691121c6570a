import pytest
from openai_server import OpenAIServer

from thoughtrank.http_api.clients import environment_faults, open_client, proxy_of
from thoughtrank.judging.openai.endpoint import Connection

VARIABLES = [f"{name}_{end}" for name in ("http", "https", "all") for end in ("proxy",)]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in [*VARIABLES, "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENAI_BASE_URL"]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def request_line(url, *, key=None):
    server = OpenAIServer()
    try:
        client = open_client(base_url=server.url + url, key=key, timeout_seconds=10.0)
        client.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": "?"}])
        return server.heads[0]
    finally:
        server.close()


@pytest.mark.parametrize("path", ["", "/"])
def test_the_query_of_azure_is_sent_behind_the_path_and_its_key_in_the_header_it_reads(path):
    head = request_line(f"{path}?api-version=2024-10-21", key="sk-secret-1")
    assert head.startswith("POST /v1/chat/completions?api-version=2024-10-21 HTTP")
    assert "api-key: sk-secret-1" in head


def test_other_servers_get_no_second_copy_of_the_key():
    head = request_line("", key="sk-secret-1")
    assert head.startswith("POST /v1/chat/completions HTTP")
    assert head.count("sk-secret-1") == 1


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ALL_PROXY", "socks5://user:hunter2@127.0.0.1:1080", "ALL_PROXY: a SOCKS proxy needs the package socksio"),
        ("all_proxy", "socks://127.0.0.1:1080/", "all_proxy: a proxy must look like"),
        ("HTTPS_PROXY", "http://user:hunter2@h:port", "HTTPS_PROXY: a proxy must look like"),
        ("SSL_CERT_FILE", "/nowhere.pem", "SSL_CERT_FILE names a file"),
    ],
)
def test_what_no_client_can_be_opened_with_is_one_line_before_generation(monkeypatch, variable, value, said):
    monkeypatch.setenv(variable, value)
    [fault] = Connection(model="m", base_url="http://h/v1", api_key_env=None, timeout_seconds=1.0).faults()
    assert said in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize("bypassed", ["localhost,127.0.0.1,::1", "[::1]", "fe80::/10", "*", "10.0.0.0/8,.corp"])
def test_every_usual_form_of_no_proxy_is_accepted(monkeypatch, bypassed):
    monkeypatch.setenv("HTTPS_PROXY", "proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", bypassed)
    assert environment_faults() == []


def test_messages_name_the_proxy_that_requests_pass_through(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "10.1.2.3")
    assert proxy_of("http://localhost:8000/v1") == "HTTP_PROXY"
    assert proxy_of("http://10.1.2.3/v1") is None
    assert proxy_of("https://h/v1") is None
    connection = Connection(model="m", base_url="http://localhost:8000/v1", api_key_env=None, timeout_seconds=1.0)
    assert connection.name() == "the judge at http://localhost:8000/v1 (through the proxy in HTTP_PROXY)"
