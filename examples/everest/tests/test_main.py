import pytest
from fastapi.testclient import TestClient

from everest.main import app


@pytest.fixture
def client() -> TestClient:
    return TestClient(app)


def test_fit(client: TestClient) -> None:
    answer = client.post("/fit", json={"days": [1, 2, 3], "metres": [5300, 6000, 6700]}).json()
    assert answer["slope"] == pytest.approx(700)
    assert answer["r"] == pytest.approx(1)


def test_unequal_lengths_are_refused(client: TestClient) -> None:
    assert client.post("/fit", json={"days": [1, 2], "metres": [1]}).status_code == 422


def test_the_highest_camp(client: TestClient) -> None:
    answer = client.get("/highest").json()
    assert answer["name"] == "south col"
    assert 350 < answer["pressure"] < 450
