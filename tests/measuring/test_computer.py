import pytest

from gil_demo.measuring.machine import Machine, warn

ORDINARY_MACHINE = Machine(
    usable_cores=4,
    logical_cores=4,
    physical_cores=4,
    cores_limited_by="",
    python_version="3.13.0",
    implementation="CPython",
    gil_enabled=True,
    free_threaded_build=False,
    switch_interval_seconds=0.005,
    start_method="fork",
    start_methods="fork spawn forkserver",
    operating_system="Linux",
    architecture="x86_64",
    on_battery=None,
)


def test_an_ordinary_machine_needs_no_warning() -> None:
    assert warn(ORDINARY_MACHINE) == []


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"usable_cores": 1}, "One usable core"),
        ({"usable_cores": 2, "cores_limited_by": "quota"}, "leaves 2 of 4 cores"),
        ({"usable_cores": 2, "cores_limited_by": "affinity"}, "bound to 2 of 4 cores"),
        ({"physical_cores": 2}, "4 logical cores share 2 physical ones"),
        ({"gil_enabled": False}, "The GIL is off"),
        ({"on_battery": True}, "On battery"),
        ({"implementation": "PyPy"}, "This is PyPy"),
    ],
)
def test_what_shapes_the_results_is_warned_of(facts: dict[str, object], told: str) -> None:
    (warning,) = warn(ORDINARY_MACHINE._replace(**facts))  # type: ignore[arg-type]
    assert told in warning
    assert warning.endswith(".")


@pytest.mark.parametrize("facts", [{"physical_cores": None}, {"on_battery": False}])
def test_what_is_not_known_or_as_it_should_be_is_not_warned_of(facts: dict[str, object]) -> None:
    assert warn(ORDINARY_MACHINE._replace(**facts)) == []  # type: ignore[arg-type]
