"""A small expedition desk: every endpoint computes with the libraries that make this image heavy."""

import os
from collections.abc import Iterator
from importlib.metadata import version

import httpx
import numpy as np
import pandas as pd
import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel, model_validator
from scipy import integrate, stats
from sklearn.linear_model import LinearRegression
from sqlalchemy import String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

app = FastAPI(title="everest", version=version("everest"))


class Base(DeclarativeBase):
    pass


class Camp(Base):
    __tablename__ = "camps"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    metres: Mapped[int]


engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Base.metadata.create_all(engine)
with Session(engine) as first:
    first.add_all([Camp(name="base", metres=5364), Camp(name="one", metres=6065), Camp(name="south col", metres=7906)])
    first.commit()


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


class Climb(BaseModel):
    days: list[float]
    metres: list[float]

    @model_validator(mode="after")
    def same_length(self) -> "Climb":
        if len(self.days) != len(self.metres) or len(self.days) < 2:
            raise ValueError("days and metres need the same length, at least 2")
        return self


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok", "version": app.version}


@app.post("/fit")
def fit(climb: Climb) -> dict[str, float]:
    """pandas, scikit-learn and scipy: metres climbed a day."""
    frame = pd.DataFrame(climb.model_dump())
    model = LinearRegression().fit(frame[["days"]], frame["metres"])
    return {"slope": float(model.coef_[0]), "r": float(stats.pearsonr(frame["days"], frame["metres"])[0])}


@app.get("/air/{metres}")
def air(metres: float) -> dict[str, float]:
    """numpy and scipy: the pressure at a height, by integrating the barometric formula (hPa)."""
    heights = np.linspace(0.0, metres, 512)
    density = 1.225 * np.exp(-heights / 8434.5)
    return {"pressure": float(1013.25 - 9.80665 * integrate.trapezoid(density, heights) / 100)}


@app.get("/camps")
def camps(opened: Session = Depends(session)) -> list[dict[str, str | int]]:
    """sqlalchemy over sqlite."""
    return [{"name": camp.name, "metres": camp.metres} for camp in opened.scalars(select(Camp).order_by(Camp.metres))]


@app.get("/highest")
async def highest() -> dict[str, float | str]:
    """httpx: asks this same service, in process, for its camps and for the air at the highest."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://everest") as client:
        camp = (await client.get("/camps")).json()[-1]
        pressure = (await client.get(f"/air/{camp['metres']}")).json()["pressure"]
    return {"name": camp["name"], "pressure": pressure}


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")), timeout_graceful_shutdown=1)
