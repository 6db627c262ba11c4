import pytest

from sociaro_local import errors
from sociaro_local.errors import Problem

ID = "01M83HCDX2A82MW43W6K88HGPC"


def test_gateway_error_has_two_keys_when_written():
    """Type and message, nothing else."""
    expected = {"error": {"type": "rate_limited", "message": "slow down"}}
    assert expected == errors.gateway_error(429, "slow down")
    assert "gone" == errors.gateway_error(410)["error"]["type"]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", None),
        (404, "invalid_request_error", "model_not_found"),
        (500, "server_error", None),
    ],
)
def test_openai_error_has_code_and_param_when_written(status, kind, code):
    """The four keys are always there."""
    error = {"message": "no", "type": kind, "param": "model", "code": code}
    assert {"error": error} == errors.openai_error(Problem(status, "no", "model"), ID)


def test_alibaba_error_has_a_request_id_when_written():
    """It stands beside the error."""
    error = {
        "message": "no",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_parameter_error",
    }
    expected = {"error": error, "request_id": ID.lower()}
    assert expected == errors.alibaba_error(Problem(400, "no"), ID)
    assert (
        "InternalError" == errors.alibaba_error(Problem(500, "x"), ID)["error"]["code"]
    )
    assert (
        "internal_error" == errors.alibaba_error(Problem(529, "x"), ID)["error"]["code"]
    )


def test_byteplus_error_has_an_empty_param_when_there_is_none():
    """The message ends with the id of the request."""
    error = {
        "code": "InvalidEndpointOrModel.NotFound",
        "message": f"no Request id: {ID.lower()}",
        "param": "",
        "type": "NotFound",
    }
    assert {"error": error} == errors.byteplus_error(Problem(404, "no"), ID)
    upset = errors.byteplus_error(Problem(500, "no"), ID)["error"]["code"]
    assert "InternalServiceError" == upset


def test_mulerouter_error_has_a_number_when_written():
    """Title and detail stand for type and message."""
    error = {
        "error_code": 2001,
        "title": "Parameter validation failed",
        "detail": "no",
    }
    assert {"error": error} == errors.mulerouter_error(Problem(400, "no"), ID)
    upset = errors.mulerouter_error(Problem(500, "no"), ID)["error"]["error_code"]
    assert 3001 == upset


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (404, "not_found_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_anthropic_error_has_a_type_outside_when_written(status, kind):
    """The envelope says that it is an error."""
    expected = {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": f"req_{ID}",
    }
    assert expected == errors.anthropic_error(Problem(status, "no"), ID)
