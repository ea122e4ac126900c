"""Groups by name and several outputs, on real torch optimizers and a real transformer encoder."""

from __future__ import annotations

import io
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.patterns import pattern  # noqa: E402

O = torch.optim
BASICS = """
param total = 1000
let trunk = warmup(100, to=1e-3) then cosine(to=10%)

lr                   = trunk
lr["*layers.{i}.*"]  = trunk * 0.75^(3 - i)        # layer-wise decay
lr["head.*"]         = 10*lr                       # a head at ten times the rate
weight_decay         = 0.1 for 90% then linear
weight_decay["*bias"]      = 0                     # no decay on biases and norms
weight_decay["*norm?.*"]   = 0
""".replace("norm?", "norm{n}")
DECIDED = BASICS + 'weight_decay["*norm{n}.bias"] = 0\n'


def encoder() -> Any:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layer = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
            self.encoder = torch.nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
            self.head = torch.nn.Linear(16, 2)

    return Model()


def groups_of(optimizer: Any) -> dict[int, dict[str, Any]]:
    """The group of each parameter."""
    return {id(parameter): group for group in optimizer.param_groups for parameter in group["params"]}


def test_every_parameter_of_a_transformer_trains_with_the_lr_of_its_layer() -> None:
    model = encoder()
    groups = lrdsl.torch.param_groups(model, DECIDED)
    optimizer = torch.optim.AdamW(groups)
    scheduler = lrdsl.torch.attach(optimizer, DECIDED)
    trunk = lrdsl.compile("warmup(100, to=1e-3) then cosine(to=10%)", total=1000)
    decay = lrdsl.compile("0.1 for 90% then linear", total=1000)

    assert sorted(id(p) for group in groups for p in group["params"]) == sorted(id(p) for p in model.parameters())
    for step in (0, 50, 100, 500, 950, 999):
        scheduler.seek(step)
        of = groups_of(optimizer)
        for name, parameter in model.named_parameters():
            group, plain = of[id(parameter)], trunk(step)
            if ".layers." in name:
                assert group["lr"] == plain * 0.75 ** (3 - int(name.split(".")[2]))
            else:
                assert group["lr"] == pytest.approx(10 * plain, rel=1e-15)
            assert group["weight_decay"] == (0.0 if "bias" in name or "norm" in name else decay(step))


def test_a_group_is_named_so_that_exactly_the_patterns_of_its_members_match() -> None:
    model = encoder()
    lines = [pattern(text) for _, text in lrdsl.compile(DECIDED).patterns]
    groups = lrdsl.torch.param_groups(model, DECIDED)
    names = {id(parameter): name for name, parameter in model.named_parameters()}

    assert len({group["name"] for group in groups}) == len(groups) == 26
    for group in groups:
        for parameter in group["params"]:
            for line in lines:
                assert line.ways(group["name"]) == line.ways(names[id(parameter)])


def test_the_table_says_what_matched_what() -> None:
    table = str(lrdsl.torch.param_groups(encoder(), DECIDED)).splitlines()

    assert table[0].split() == ["group", "parameters", "numbers", "lr", "weight_decay"]
    assert table[1].split() == ["encoder.layers.0.*", "4", "2_048", "*layers.{i}.*", "(plain)"]
    assert table[-1].split() == ["head.bias", "1", "2", "head.*", "*bias"]


def test_where_no_line_decides_the_line_that_would_is_proposed() -> None:
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.torch.param_groups(encoder(), BASICS)

    problem = caught.value.problems[0]
    assert problem.code == "E341"
    assert problem.help == 'a line that decides: weight_decay["encoder.layers.0.norm1.bias"] = ...'
    assert problem.line == 9


@pytest.mark.filterwarnings("ignore:.* is past the end of the schedule")
def test_a_bias_warmup_that_falls() -> None:
    text = """
    let trunk = warmup(100, to=0.01) then cosine(900)
    lr = trunk
    lr["*.bias"] = linear(100, from=0.1, to=0.01) then trunk skip 100
    """
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
    optimizer = torch.optim.SGD(lrdsl.torch.param_groups(model, text), lr=1.0)
    scheduler = lrdsl.torch.attach(optimizer, text)
    weights, biases = optimizer.param_groups
    for step in range(1001):
        assert scheduler.last_epoch == step
        if step <= 100:
            assert biases["lr"] == pytest.approx(0.1 - 0.09 * step / 100, rel=1e-12)
            assert weights["lr"] == pytest.approx(0.01 * step / 100, rel=1e-12)
        else:
            assert biases["lr"] == weights["lr"]
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(
    ("kind", "defaults", "text", "key", "values"),
    [
        (O.SGD, {"momentum": 0.5}, "momentum = linear(10, from=0.85, to=0.95) then hold", "momentum", [0.85, 0.9, 0.95]),
        (O.SGD, {"momentum": 0.5}, "momentum = linear(10, to=0.1)", "momentum", [0.5, 0.3, 0.1]),
        (O.RMSprop, {"momentum": 0.5}, "momentum = 0.9", "momentum", [0.9, 0.9, 0.9]),
        (O.AdamW, {}, "beta1 = linear(10, from=0.85, to=0.95) then hold", "betas", [(0.85, 0.999), (0.9, 0.999), (0.95, 0.999)]),
        (O.Adam, {}, "beta2 = linear(10, from=0.9, to=0.99)\nbeta1 = 0.8", "betas", [(0.8, 0.9), (0.8, 0.945), (0.8, 0.99)]),
        (O.AdamW, {"weight_decay": 0.2}, "weight_decay = linear(10)", "weight_decay", [0.2, 0.1, 0.0]),
        (O.AdamW, {"weight_decay": 0.2, "lr": 0.1}, "lr = linear(10)\nweight_decay = 2*lr", "weight_decay", [0.2, 0.1, 0.0]),
    ],
)  # fmt: skip
def test_outputs_go_into_the_keys_as_torch_holds_them(
    kind: Any, defaults: dict[str, Any], text: str, key: str, values: list[Any]
) -> None:
    optimizer = kind([torch.zeros(2, requires_grad=True)], **{"lr": 0.1, **defaults})
    before = {name: value for name, value in optimizer.param_groups[0].items() if name not in ("params", key, "lr")}
    scheduler = lrdsl.torch.attach(optimizer, text)
    group = optimizer.param_groups[0]
    for step, expected in zip((0, 5, 10), values, strict=True):
        scheduler.seek(step)
        flat = group[key] if isinstance(group[key], tuple) else (group[key],)
        assert flat == pytest.approx(expected if isinstance(expected, tuple) else (expected,), rel=1e-14)
        assert {type(value) for value in flat} == {float}
    assert {name: group[name] for name in before} == before


def test_a_text_without_lr_leaves_the_lr_alone() -> None:
    optimizer = torch.optim.AdamW([torch.zeros(2, requires_grad=True)], lr=0.3, weight_decay=0.1)
    scheduler = lrdsl.torch.attach(optimizer, "weight_decay = linear(10)")
    for _ in range(7):
        optimizer.step()
        scheduler.step()

    assert scheduler.get_last_lr() == scheduler.get_lr() == [0.3]
    assert optimizer.param_groups[0]["weight_decay"] == pytest.approx(0.03)


def test_what_drives_no_key_is_read() -> None:
    optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.5)
    scheduler = lrdsl.torch.attach(optimizer, "lr = linear(10)\nclip = 10*lr\ntemperature = 2 for 5 then 1")
    optimizer.step()
    scheduler.step()

    assert scheduler["clip"] == pytest.approx(4.5)
    assert scheduler["temperature"] == 2.0
    assert scheduler["lr"] == scheduler.get_last_lr()[0]
    assert "clip" not in optimizer.param_groups[0]
    with pytest.raises(lrdsl.ScheduleError, match="no output `clop`"):
        scheduler["clop"]


def test_an_output_that_drives_nothing_here_is_an_error() -> None:
    optimizer = torch.optim.AdamW([torch.zeros(2, requires_grad=True)])
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.torch.attach(optimizer, "lr = 1e-3\nmomentum = 0.9")

    problem = caught.value.problems[0]
    assert (problem.code, problem.line, problem.help) == ("E345", 2, "here it is called `beta1`")
    assert "AdamW" in problem.message


def test_groups_without_names_are_told_how_to_be_named() -> None:
    optimizer = torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)]}], lr=0.1)
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.torch.attach(optimizer, 'lr = 1\nlr["head.*"] = 2')

    problem = caught.value.problems[0]
    assert problem.code == "E344"
    assert '"name": "head"' in (problem.help or "")
    assert "param_groups(model, schedule)" in (problem.help or "")


def test_a_pattern_that_matches_nothing_is_an_error_with_the_names_there_are() -> None:
    optimizer = torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "name": "body.weight"}], lr=0.1)
    text = 'lr = 1\nlr["haed.*"] = 2'
    for call in (
        lambda: lrdsl.torch.attach(optimizer, text),
        lambda: lrdsl.torch.param_groups([("body.weight", torch.nn.Parameter(torch.zeros(1)))], text),
    ):
        with pytest.raises(lrdsl.ScheduleError) as caught:
            call()
        problem = caught.value.problems[0]
        assert (problem.code, problem.line) == ("E343", 2)
        assert '"body.weight"' in (problem.help or "")


def test_groups_of_ones_own_are_named_by_hand() -> None:
    parameters = [torch.zeros(1, requires_grad=True) for _ in range(3)]
    optimizer = torch.optim.SGD(
        [{"params": [p], "name": name} for p, name in zip(parameters, ("body", "head", "neck"), strict=True)], lr=0.1
    )
    scheduler = lrdsl.torch.attach(optimizer, 'lr["head"] = 0.5\nlr["neck"] = linear(10)')
    scheduler.seek(5)

    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5, 0.05]
    optimizer.add_param_group({"params": [torch.zeros(1, requires_grad=True)], "name": "head", "lr": 3.0})
    optimizer.step()
    scheduler.step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.1, 0.5, 0.04, 0.5])


def test_a_run_with_groups_and_outputs_is_taken_up_where_it_was() -> None:
    text = 'lr = warmup(10) then linear(90)\nlr["b"] = lr/2\nweight_decay = linear(100)'

    def fresh() -> tuple[Any, Any]:
        groups = [{"params": [torch.zeros(1, requires_grad=True)], "name": name} for name in ("a", "b")]
        optimizer = torch.optim.AdamW(groups, lr=0.4, weight_decay=0.1)
        return optimizer, lrdsl.torch.attach(optimizer, text)

    straight, going = fresh()
    for _ in range(37):
        for group in straight.param_groups:
            group["params"][0].grad = torch.ones(1)
        straight.step()
        going.step()
    buffer = io.BytesIO()
    torch.save({"optimizer": straight.state_dict(), "scheduler": going.state_dict()}, buffer)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    built_first, first = fresh()
    built_first.load_state_dict(saved["optimizer"])
    first.load_state_dict(saved["scheduler"])
    # And the other way round: the optimizer holds decayed values already when the schedule is attached.
    later_groups = [{"params": [torch.zeros(1, requires_grad=True)], "name": name} for name in ("a", "b")]
    loaded = torch.optim.AdamW(later_groups, lr=0.4, weight_decay=0.1)
    loaded.load_state_dict(saved["optimizer"])
    later = lrdsl.torch.attach(loaded, text)
    later.load_state_dict(saved["scheduler"])
    for _ in range(20):
        for optimizer, scheduler in ((straight, going), (built_first, first), (loaded, later)):
            optimizer.step()
            scheduler.step()
        pairs = [
            [(group["lr"], group["weight_decay"]) for group in o.param_groups] for o in (straight, built_first, loaded)
        ]
        assert pairs[0] == pairs[1] == pairs[2]


def test_a_scale_multiplies_the_lr_alone() -> None:
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr_scale": 0.5}]
    optimizer = torch.optim.AdamW(groups, lr=0.1)
    scheduler = lrdsl.torch.attach(optimizer, "lr = 0.2\nweight_decay = 0.4")

    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["weight_decay"]) == (0.1, 0.4)
    assert scheduler.get_lr() == [0.1]
