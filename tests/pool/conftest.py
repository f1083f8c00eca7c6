"""What tests of real pools have in common."""

import pytest

from tests.conftest import EACH_METHOD


@pytest.fixture(params=EACH_METHOD)
def method(request: pytest.FixtureRequest) -> str:
    """Give the platform's default start method, and now and then the others, too."""
    return str(request.param)
