"""Ranks that attach different schedules are told so, and nobody waits for anybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.torch import ranks  # noqa: E402

TEXT = "warmup(100, to=1e-3) then cosine(to=10%)"
ROUNDS = 50


def said(text: str, **bindings: Any) -> str:
    """What a rank is told that attaches a text here: nothing, where all is well."""
    try:
        ranks.same_on_all_ranks(lrdsl.compile(text, **bindings))
    except lrdsl.ScheduleError as error:
        return str(error)
    return ""


# --- real processes ---------------------------------------------------------------------------------------------------


def run(rank: int, folder: str) -> None:
    """One of two ranks; what it is told is written down."""

    def begin(name: str) -> None:
        dist.init_process_group("gloo", init_method=f"file://{folder}/{name}", rank=rank, world_size=2)

    found: dict[str, Any] = {"before the group is there": said(TEXT, total=1250 + rank)}
    begin("first")
    found["the same"] = said(TEXT, total=1250)
    found["another total"] = said(TEXT, total=1250 + rank)
    found["another text"] = said(f"lr = warmup(10) then hold\nclip = {rank + 1}")
    found["written in another way"] = said(f"warmup(10) then hold  # {rank}", step=("4k tokens", "4000 tokens")[rank])
    found["meant"] = []
    with lrdsl.torch.any_text():
        found["meant"] += [said(TEXT, total=1250 + rank)]
    if rank == 0:
        found["on one rank only"] = [said("cosine(10)"), said("cosine(20)")]
    found["behind that"] = said("linear(10)")
    # Both come at once, again and again: in each round one is first, and the other is told.
    texts = "cosine(10)", "cosine(10 tokens)"
    found["rounds"] = [bool(said(texts[rank])) for _ in range(ROUNDS)]
    dist.barrier()
    dist.destroy_process_group()
    begin("second")
    found["in another group"] = said(TEXT, total=1250 + rank)
    dist.destroy_process_group()
    Path(folder, f"{rank}.json").write_text(json.dumps(found), "utf-8")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What two ranks of a real group were told."""
    folder = tmp_path_factory.mktemp("ranks")
    torch.multiprocessing.spawn(run, (str(folder),), nprocs=2)
    return [json.loads((folder / f"{rank}.json").read_text("utf-8")) for rank in range(2)]


@pytest.mark.parametrize(
    "case",
    ["before the group is there", "the same", "written in another way", "meant", "on one rank only", "behind that"],
)
def test_nothing_is_told_where_nothing_is_wrong(two: Any, case: str) -> None:
    for one in two:
        assert one.get(case, "") in ("", [""], ["", ""])


@pytest.mark.parametrize("case", ["another total", "in another group"])
def test_a_total_that_differs_is_told_to_the_rank_that_came_later(two: Any, case: str) -> None:
    first, second = sorted(two, key=lambda one: len(one[case]))

    assert first[case] == ""
    rank = two.index(second)
    assert f"rank {rank} attaches another schedule than rank {1 - rank}, at test_torch_ranks.py:" in second[case]
    assert (
        f"`total` is {1251 - rank} on rank {1 - rank} and {1250 + rank} on rank {rank}; lr: the same until 100; then rank"
        in second[case]
    )
    assert "lrdsl.torch.any_text()" in second[case]


def test_texts_that_differ_are_shown(two: Any) -> None:
    (told,) = filter(None, (one["another text"] for one in two))

    assert "line 2 is `clip = " in told
    assert "clip: rank " in told


def test_of_two_that_come_at_once_one_is_told(two: Any) -> None:
    assert [sum(pair) for pair in zip(two[0]["rounds"], two[1]["rounds"], strict=True)] == [1] * ROUNDS


# --- stores and backends ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """For each kind of store what eight ranks hold."""
    server = dist.TCPStore("127.0.0.1", 0, 2, True, wait_for_workers=False)
    clients = [dist.TCPStore("127.0.0.1", server.port, 2, False) for _ in range(7)]
    shared, file = dist.HashStore(), str(tmp_path_factory.mktemp("store") / "store")
    return {
        "TCPStore": [server, *clients],
        "FileStore": [dist.FileStore(file, 8) for _ in range(8)],
        "HashStore": [shared] * 8,
        "PrefixStore": [dist.PrefixStore("default_pg", store) for store in (server, *clients)],
    }


def as_ranks(stores: list[Any], monkeypatch: pytest.MonkeyPatch, attach: Callable[[int], str]) -> list[str]:
    """What each rank is told, one after another."""
    found = []
    for rank, store in enumerate(stores):
        monkeypatch.setattr(ranks, "_store", lambda store=store: store)
        monkeypatch.setattr(ranks, "_counts", {})
        monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
        found.append(attach(rank))
    return found


@pytest.mark.parametrize("kind", ["TCPStore", "FileStore", "HashStore", "PrefixStore"])
def test_every_rank_that_differs_from_the_first_is_told_in_any_store(
    kind: str, stores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = as_ranks(stores[kind], monkeypatch, lambda rank: said(TEXT, total=100 if rank in (0, 1, 4) else 101 + rank))

    assert [bool(told) for told in found] == [False, False, True, True, False, True, True, True]
    assert "rank 7 attaches another schedule than rank 0" in found[7]


def test_a_long_text_is_not_sent_and_yet_compared(stores: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "_LONGEST", 10)
    texts = [TEXT, TEXT, TEXT.replace("1e-3", "2e-3")]
    found = as_ranks(stores["HashStore"][:3], monkeypatch, lambda rank: said(texts[rank], total=1000))

    assert found[:2] == ["", ""]
    assert "rank 2 attaches another schedule than rank 0" in found[2]
    assert "the texts are not the same" in found[2]


def test_texts_in_other_units_are_told_without_their_curves(stores: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["cosine(100, from=1)", "cosine(100 tokens, from=1)"]
    found = as_ranks(stores["HashStore"][:2], monkeypatch, lambda rank: said(texts[rank]))

    assert "line 1 is `cosine(100, from=1)` on rank 0 and `cosine(100 tokens, from=1)` on rank 1" in found[1]


def test_a_server_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    server = dist.TCPStore("127.0.0.1", 0, 2, True, wait_for_workers=False)
    client = dist.TCPStore("127.0.0.1", server.port, 2, False, timeout=timedelta(seconds=5))
    del server

    assert as_ranks([client], monkeypatch, lambda rank: said(TEXT, total=100)) == [""]


def test_a_backend_without_a_store_is_no_error() -> None:
    pytest.importorskip("torch.testing._internal.distributed.fake_pg")
    dist.init_process_group("fake", rank=0, world_size=8)
    try:
        assert ranks._store() is not None
        assert said(TEXT, total=100) == ""
    finally:
        dist.destroy_process_group()


def test_the_private_way_to_the_store_is_there_where_the_public_one_is_not() -> None:
    dist.init_process_group("fake", rank=0, world_size=8)
    try:
        assert callable(dist.distributed_c10d._get_default_store)
        assert dist.distributed_c10d._get_default_store() is not None
    finally:
        dist.destroy_process_group()


def test_one_process_is_not_compared(tmp_path: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        assert ranks._store() is None
    finally:
        dist.destroy_process_group()
