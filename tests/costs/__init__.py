"""Tests of what processes cost."""

import pytest

from tests.conftest import METHODS

each_method = pytest.mark.parametrize(
    "method", [METHODS[0], *(pytest.param(one, marks=pytest.mark.thorough) for one in METHODS[1:])]
)
"""By the platform's default, and thoroughly by every start method."""
