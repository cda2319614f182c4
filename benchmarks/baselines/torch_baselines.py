#!/usr/bin/env python3
"""PyTorch's attention on the cases of benchmarks/cases, measured as the GPU benchmark measures ours.

Every backend of scaled_dot_product_attention is forced in turn, then comes compiled flex_attention. The former has no
neighborhoods: of such a case it runs dense attention of the same tokens, as providers torch-dense-*, checked as such.
Results are lines of benchmarks/schema.md; a backend that refuses a case is a line with status skipped and its reason.
Needs PyTorch 2.5 or newer. Exit codes are those of nattn: 0 done, also when a backend refused or was not exact enough;
1 a case failed in a way that is neither; 2 bad usage or bad case file; 3 no PyTorch or no such device.
"""

import argparse
import contextlib
import datetime
import glob
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
import warnings

EXIT_OK, EXIT_FAILED, EXIT_BAD_INPUT, EXIT_NOT_AVAILABLE = 0, 1, 2, 3
CACHES_PER_ROUND = 3  # tensors of all sets together, in sizes of the second-level cache
MOST_SAMPLES, MOST_LAUNCHES, MOST_HOST_LAUNCHES = 64, 128, 200
HOST_SECONDS = 0.05  # of the device, while the host's time is taken
CHECKED_ROWS = 6
# Relative error of a row (Euclidean) that a kernel of this type may have. Plain tf32 does not count as float32.
ALLOWED_ERROR = {"bf16": 2e-2, "f16": 3e-3, "f32": 2e-5}

torch = None  # imported late, so that its absence is a message


class BadInput(Exception):
    """What the user gave cannot be used."""


class Refused(Exception):
    """A provider does not run a case; the text says why."""


# --- Cases ------------------------------------------------------------------------------------------------------------


def number_text(value):
    return str(int(value)) if value == int(value) else repr(float(value))


def option_text(value):
    if isinstance(value, list):
        return "x".join(map(number_text, value))
    return value if isinstance(value, str) else number_text(value)


def case_id(family, dtype, shape, options):
    """The name of a case (benchmarks/schema.md)."""
    name = (f"{family}-{dtype}-b{shape['batch']}-h{shape['queryHeads']}x{shape['keyValueHeads']}"
            f"-s{shape['queryLength']}x{shape['keyLength']}-d{shape['headDim']}x{shape['valueHeadDim']}")
    mask = options.get("mask", "none")
    name += "" if mask == "none" else f"-{mask}"
    for key in sorted(options):
        value = options[key]
        if key != "mask" and value is not None and value is not False:
            name += f"-{key}" if value is True else f"-{key}={option_text(value)}"
    return name


MODIFIERS = ("scale", "softcap", "alibi", "bias", "bool-mask", "window", "prefix", "sinks", "temperature",
             "key-log-weight", "head-gate", "key-lengths", "packed")


class DenseCase:
    """One row of a case file of family dense. Its modifiers are those of benchmarks/Problems/Modifier.cs."""

    known_modifiers = MODIFIERS

    def __init__(self, family, row):
        self.family, self.dtype, self.shape = family, row["dtype"], row["shape"]
        self.options, self.modes = row.get("options", {}), row["modes"]
        self.id = case_id(family, self.dtype, self.shape, self.options)
        s = self.shape
        self.b, self.sq, self.sk = s["batch"], s["queryLength"], s["keyLength"]
        self.hq, self.hk, self.d, self.dv = s["queryHeads"], s["keyValueHeads"], s["headDim"], s["valueHeadDim"]
        self.mask = self.options.get("mask", "none")
        self.modifiers = {name: self.options[name] for name in self.known_modifiers
                          if self.options.get(name) not in (None, False)}
        self.scale = self.modifiers.get("scale")
        self.prefix = self.modifiers.get("prefix", 0)
        # Keys before and after the diagonal; None for all.
        self.left, self.right = self.modifiers.get("window", (None, None if self.mask == "none" else 0))
        self.packed = "packed" in self.modifiers
        self.heads_first = self.options.get("layout", "bshd") == "bhsd"

    def lengths(self, batch):
        """Queries and keys of a sequence that count."""
        if self.packed:
            return (self.sq, self.sk) if batch == 0 else (self.sq // 2, self.sk // 2)
        share = self.modifiers.get("key-lengths")
        return self.sq, self.sk if share is None else int(share * self.sk)

    def offset(self, batch):
        """The diagonal of query i is at key i + offset."""
        queries, keys = self.lengths(batch)
        return 0 if self.mask == "causal-top-left" else keys - queries

    def starts(self, batch):
        """Where a sequence's queries and keys begin in their tensors."""
        if not self.packed:
            return 0, 0
        before = [self.lengths(b) for b in range(batch)]
        return sum(queries for queries, _ in before), sum(keys for _, keys in before)

    @property
    def tokens(self):
        """Batch, queries and keys of the tensors."""
        return (1, *self.starts(self.b)) if self.packed else (self.b, self.sq, self.sk)

    @property
    def plain(self):
        """The case that scaled_dot_product_attention runs in its place; None where it runs the case itself."""
        return None

    @property
    def hides(self):
        """Whether there are pairs that are not visible, without what a boolean mask hides."""
        return self.left is not None or self.right is not None or self.packed or "key-lengths" in self.modifiers

    def sees(self, place, key):
        """Whether a query whose diagonal is at a place sees a key: of numbers, or of tensors of them."""
        seen = key >= 0
        if self.left is not None:
            seen = seen & (key >= place - self.left)
        if self.right is not None:
            seen = seen & (key <= place + self.right)
        return seen | (key < self.prefix)

    def visible(self, batch, query):
        """How many keys a query sees."""
        keys, place = self.lengths(batch)[1], query + self.offset(batch)
        first = 0 if self.left is None else place - self.left
        end = keys if self.right is None else min(keys, place + self.right + 1)
        prefix = min(self.prefix, keys)
        return prefix + max(0, end - max(first, prefix))

    @property
    def flops(self):
        pairs, known = 0, {}
        for batch in range(self.b):
            lengths = self.lengths(batch)
            if lengths not in known:
                known[lengths] = sum(self.visible(batch, query) for query in range(lengths[0]))
            pairs += known[lengths]
        return 2.0 * self.hq * pairs * (self.d + self.dv)

    @property
    def bytes(self):
        size = 4 if self.dtype == "f32" else 2
        rows = sum(queries * self.hq + keys * self.hk for queries, keys in map(self.lengths, range(self.b)))
        return float(rows * (self.d + self.dv) * size + sum(map(self.operand_bytes, self.modifiers.items())))

    def operand_bytes(self, modifier):
        """Bytes of what runs with a modifier read beside query, key and value."""
        name, value = modifier
        matrix = self.sq * self.sk * (self.b * self.hq if value == "heads" else 1)
        return {
            "bias": 4 * matrix, "bool-mask": matrix, "alibi": 4 * self.hq, "sinks": 4 * self.hq,
            "temperature": 4 * self.b * self.hq * self.sq, "head-gate": 4 * self.b * self.hq * self.sq,
            "key-log-weight": 4 * self.b * self.hk * self.sk, "key-lengths": 4 * self.b,
            "packed": 8 * (self.b + 1),
        }.get(name, 0)


def lesser(a, b):
    """The lesser of two whole numbers, or of tensors of them."""
    return a + (b - a) * (b < a)


class NeighborhoodCase(DenseCase):
    """One row of a case file of family neighborhood: tokens that lie on a map see a window along each axis."""

    known_modifiers = ()

    def __init__(self, family, row):
        super().__init__(family, row)
        self.row, ones = row, [1] * len(self.options["map"])
        self.axes = list(zip(self.options["map"], self.options["window"], self.options.get("stride", ones),
                             self.options.get("dilation", ones)))

    @property
    def plain(self):
        return DenseCase("dense", {**self.row, "options": {}})

    hides = True

    def visible(self, batch, query):
        return math.prod(window for _, window, _, _ in self.axes)  # shifted inside at the borders, never cut

    def sees(self, place, key):
        seen = key >= 0
        for extent, window, stride, dilation in reversed(self.axes):
            seen = seen & self.sees_along(place % extent, key % extent, extent, window, stride, dilation)
            place, key = place // extent, key // extent
        return seen

    @staticmethod
    def sees_along(query, key, extent, window, stride, dilation):
        """A whole window in the class of the query, as near to the middle of its stride group as borders allow."""
        residue, at = query % dilation, query // dilation
        length = (extent - residue + dilation - 1) // dilation
        middle = lesser(at - at % stride + stride // 2, length - 1)
        first = -lesser(0, -lesser(middle - window // 2, length - window))  # at least 0
        end = first + window
        return (key % dilation == residue) & (key // dilation >= first) & (key // dilation < end)


# A new family is a class of cases here, with what Problem, the providers and --list ask of one.
FAMILIES = {"dense": DenseCase, "neighborhood": NeighborhoodCase}


def read_cases(path):
    if not os.path.exists(path):
        raise BadInput(f"{path}: there is no such file or folder")
    files = sorted(glob.glob(os.path.join(path, "*.json"))) if os.path.isdir(path) else [path]
    cases = []
    for file in files:
        try:
            with open(file, encoding="utf-8") as stream:
                document = json.load(stream)
            family = document["family"]
            if family not in FAMILIES:
                raise BadInput(f"{file}: family '{family}' is unknown; there are: {', '.join(FAMILIES)}")
            cases += [FAMILIES[family](family, row) for row in document["cases"]]
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{file}: {type(error).__name__}: {error}") from error
    return cases


# --- Devices ----------------------------------------------------------------------------------------------------------


class CudaDevice:
    """A GPU: events tell the time."""

    def __init__(self, name):
        self.device = torch.device(name)
        torch.cuda.set_device(self.device)
        self.properties = torch.cuda.get_device_properties(self.device)
        self.name = self.properties.name
        self.l2_bytes = getattr(self.properties, "L2_cache_size", 0) or 50 << 20

    def event(self):
        return torch.cuda.Event(enable_timing=True)

    def record(self, event):
        event.record()

    def seconds(self, start, end):
        return start.elapsed_time(end) / 1e3

    def synchronize(self):
        torch.cuda.synchronize(self.device)

    def free_bytes(self):
        return torch.cuda.mem_get_info(self.device)[0]

    def release(self):
        torch.cuda.empty_cache()

    def details(self):
        driver = run_text(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"])
        return {
            "driver": driver.splitlines()[0] if driver else None,
            "computeCapability": f"{self.properties.major}.{self.properties.minor}",
            "sms": self.properties.multi_processor_count,
        }

    def note(self):
        return f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"


class CpuDevice:
    """The processor: shows that this program works, not how fast a GPU is."""

    def __init__(self):
        self.device = torch.device("cpu")
        self.name = "cpu"
        self.l2_bytes = 0

    def event(self):
        return [0.0]

    def record(self, event):
        event[0] = time.perf_counter()

    def seconds(self, start, end):
        return max(end[0] - start[0], 1e-9)

    def synchronize(self):
        pass

    def free_bytes(self):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def release(self):
        pass

    def details(self):
        return {"driver": None}

    def note(self):
        return f"PyTorch {torch.__version__} on the processor"


def open_device(name):
    if name == "cpu":
        return CpuDevice()
    if not re.fullmatch(r"cuda:\d+", name):
        raise BadInput(f"--device is '{name}'; allowed are cpu, cuda:0, cuda:1, ...")
    if not torch.cuda.is_available() or int(name[5:]) >= torch.cuda.device_count():
        return None
    return CudaDevice(name)


def run_text(command):
    """What a program prints; empty when it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


# --- Measuring --------------------------------------------------------------------------------------------------------


def quantile(values, q):
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


class Timer:
    """Launches between pairs of events, as LaunchTimer.cs of the GPU benchmark does it."""

    def __init__(self, device, mode):
        self.device = device
        on_cpu = isinstance(device, CpuDevice)
        self.budget = 0.02 if on_cpu else 0.25 if mode == "short" else 0.8
        self.repeats = 2 if on_cpu else 5 if mode == "short" else 9
        self.min_sample = 0.0 if on_cpu else 1e-3 if mode == "short" else 2e-3
        self.min_samples = 1 if on_cpu else 4 if mode == "short" else 5
        self.turn = 0

    def measure(self, launch, sets):
        """The fields of a measurement that tell of time."""
        estimate = self.warm_up(launch, sets)
        launches = int(min(max(-(-self.min_sample // estimate), 1), MOST_LAUNCHES))
        samples = int(min(max(self.budget / self.repeats / (estimate * launches), self.min_samples), MOST_SAMPLES))
        groups = [self.group(launch, sets, launches, samples) for _ in range(self.repeats)]
        values = [value for group in groups for value in group]
        medians = [statistics.median(group) for group in groups]
        return {
            "seconds": {
                "median": statistics.median(values), "min": min(values),
                "p10": quantile(values, 0.1), "p90": quantile(values, 0.9), "samples": len(values),
            },
            "spread": (quantile(medians, 0.9) - quantile(medians, 0.1)) / statistics.median(medians),
            "hostLaunchSeconds": self.host_cost(launch, sets, estimate),
        }

    def warm_up(self, launch, sets):
        estimate = self.group(launch, sets, sets, 1)[0]
        more = int(min(0.25 * self.budget / estimate, 1000))
        return self.group(launch, sets, more, 1)[0] if more > 0 else estimate

    def group(self, launch, sets, launches, samples):
        marks = []
        for _ in range(samples):
            start, end = self.device.event(), self.device.event()
            self.device.record(start)
            for _ in range(launches):
                launch(self.turn % sets)
                self.turn += 1
            self.device.record(end)
            marks.append((start, end))
        self.device.synchronize()
        return [self.device.seconds(start, end) / launches for start, end in marks]

    def host_cost(self, launch, sets, estimate):
        seconds = []
        for _ in range(int(min(max(HOST_SECONDS / estimate, 5), MOST_HOST_LAUNCHES))):
            start = time.perf_counter()
            launch(self.turn % sets)
            seconds.append(time.perf_counter() - start)
            self.turn += 1
        self.device.synchronize()
        return statistics.median(seconds)


# --- Problems ---------------------------------------------------------------------------------------------------------


def torch_dtype(name):
    return {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}[name]


class Operands:
    """What runs with modifiers read beside query, key and value: the numbers of OperandValues.cs, drawn anew."""

    def __init__(self, case, device, generator):
        self.case, self.device, self.generator = case, device, generator
        has = case.modifiers.__contains__
        self.bias = self.matrix("bias", self.terms).to(torch_dtype(case.dtype)) if has("bias") else None
        self.allowed = self.matrix("bool-mask", self.terms) < 0 if has("bool-mask") else None
        exponents = -8.0 / case.hq * torch.arange(1, case.hq + 1, device=device)
        self.slopes = torch.exp2(exponents) if has("alibi") else None
        self.sinks = self.terms(case.hq) + math.log(case.sk) if has("sinks") else None
        self.temperature = 1 + self.terms(case.b, case.hq, case.sq) if has("temperature") else None
        self.weights = self.terms(case.b, case.hk, case.sk) if has("key-log-weight") else None
        self.gate = 1 + self.terms(case.b, case.hq, case.sq) if has("head-gate") else None

    def terms(self, *dims):
        return torch.rand(dims, device=self.device, generator=self.generator) - 0.5

    def matrix(self, name, draw):
        case = self.case
        return draw(*((case.b, case.hq) if case.modifiers[name] == "heads" else ()), case.sq, case.sk)

    def change(self, score, batch, head, query, key, place):
        """A scaled score after the modifiers: of numbers as indices, or of tensors of them."""
        if self.temperature is not None:
            score = score * self.temperature[batch, head, query]
        cap = self.case.modifiers.get("softcap")
        if cap is not None:
            score = cap * torch.tanh(score / cap)
        if self.bias is not None:
            score = score + self.entry(self.bias, batch, head, query, key)
        if self.weights is not None:
            score = score + self.weights[batch, head // (self.case.hq // self.case.hk), key]
        if self.slopes is not None:
            score = score - self.slopes[head] * abs(place - key)
        return score

    @staticmethod
    def entry(matrix, batch, head, query, key):
        """Of a matrix that batch and heads share, or of one that they do not."""
        return matrix[query, key] if matrix.dim() == 2 else matrix[batch, head, query, key]


class Problem:
    """The tensors of a case: several sets, so that none is still in the cache when its turn comes again."""

    def __init__(self, device, case):
        self.case, self.device = case, device
        count = int(min(max(-(-CACHES_PER_ROUND * device.l2_bytes // max(case.bytes, 1)) + 1, 2), 256))
        generator = torch.Generator(device=device.device).manual_seed(20261121)
        batch, queries, keys = case.tokens

        def draw(length, heads, dim):
            dims = (batch, heads, length, dim) if case.heads_first else (batch, length, heads, dim)
            data = torch.randn(dims, device=device.device, dtype=torch.float32, generator=generator)
            return data.to(torch_dtype(case.dtype))

        first = [draw(queries, case.hq, case.d), draw(keys, case.hk, case.d), draw(keys, case.hk, case.dv)]
        self.sets = [self.heads_first(first)]
        self.sets += [self.heads_first([t.clone() for t in first]) for _ in range(count - 1)]
        self.operands = Operands(case, device.device, generator)
        self.rows = self.choose_rows(generator)
        self.references = [self.reference(*row) for row in self.rows]

    def heads_first(self, tensors):
        """[batch, heads, length, dim] as PyTorch takes it, in the memory order of the case."""
        return [t if self.case.heads_first else t.transpose(1, 2) for t in tensors]

    def choose_rows(self, generator):
        case = self.case

        def pick(count):
            return int(torch.randint(count, (1,), generator=generator, device=self.device.device))

        rows = [(0, 0, 0), (case.b - 1, case.hq - 1, case.lengths(case.b - 1)[0] - 1)]
        batches = [pick(case.b) for _ in range(CHECKED_ROWS - len(rows))]
        rows += [(b, pick(case.hq), pick(case.lengths(b)[0])) for b in batches]
        return [row for row in rows if case.visible(row[0], row[2]) > 0]  # PyTorch gives NaN where nothing is seen

    def reference(self, batch, head, query):
        """One row in float64."""
        case, operands = self.case, self.operands
        key_head, keys, place = head // (case.hq // case.hk), case.lengths(batch)[1], query + case.offset(batch)
        q, k, v = self.sets[0]
        tensor, at_query, at_key = self.place(batch, query)
        q, k, v = q[tensor, head, at_query], k[tensor, key_head, at_key:], v[tensor, key_head, at_key:]
        scale = case.scale if case.scale is not None else case.d ** -0.5
        key = torch.arange(keys, device=self.device.device)
        scores = operands.change(k[:keys].double() @ q.double() * scale, batch, head, query, key, place)
        seen = case.sees(place, key)
        if operands.allowed is not None:
            seen = seen & operands.entry(operands.allowed, batch, head, query, key)
        scores = scores.masked_fill(~seen, float("-inf"))
        if operands.sinks is not None:
            scores = torch.cat([scores, operands.sinks[head:head + 1].double()])
        row = torch.softmax(scores, 0)[:keys] @ v[:keys].double()
        return row if operands.gate is None else row * operands.gate[batch, head, query]

    def place(self, batch, query):
        """Where a query and the first key of its sequence are: batch, query and key of the tensors."""
        query_start, key_start = self.case.starts(batch)
        return 0 if self.case.packed else batch, query_start + query, key_start

    def errors(self, output):
        """Largest absolute error, and largest relative error of a row."""
        absolute = relative = 0.0
        for (batch, head, query), expected in zip(self.rows, self.references):
            tensor, at_query, _ = self.place(batch, query)
            difference = output[tensor, head, at_query].double() - expected
            absolute = max(absolute, float(difference.abs().max()))
            relative = max(relative, float(difference.norm() / expected.norm()))
            if not bool(torch.isfinite(difference).all()):
                return float("inf"), float("inf")
        return absolute, relative


def lower_right_bias(case, device):
    """What is added to the scores, for backends that know no alignment but that of a tensor."""
    rows = torch.arange(case.sq, device=device).unsqueeze(1)
    hidden = torch.arange(case.sk, device=device).unsqueeze(0) > rows + case.offset(0)
    return torch.zeros((case.sq, case.sk), dtype=torch_dtype(case.dtype), device=device).masked_fill(
        hidden, float("-inf"))


# --- Providers --------------------------------------------------------------------------------------------------------

# Why scaled_dot_product_attention does not run a modifier here.
NOT_IN_SDPA = {
    "softcap": "has no soft cap", "alibi": "knows ALiBi only as a bias of all pairs",
    "window": "knows a window only as a mask of all pairs", "prefix": "knows a prefix only as a mask of all pairs",
    "sinks": "has no sinks", "temperature": "has no factor on the scores of a query",
    "key-log-weight": "knows a term of a key only as a bias of all pairs",
    "head-gate": "has no factor on its output", "key-lengths": "knows key lengths only as a mask of all pairs",
    "packed": "knows packed sequences only as nested tensors",
}


class Sdpa:
    """scaled_dot_product_attention with one backend allowed and no other."""

    def __init__(self, provider, backend, needs_mask_tensor):
        self.provider, self.backend_name = provider, backend
        self.needs_mask_tensor = needs_mask_tensor

    @property
    def backend(self):
        from torch.nn.attention import SDPBackend
        return getattr(SDPBackend, self.backend_name)

    def prepare(self, problem):
        """A function of a set of tensors, and what it is."""
        case = problem.case
        for name in case.modifiers:
            if name in NOT_IN_SDPA:
                raise Refused(f"scaled_dot_product_attention {NOT_IN_SDPA[name]}")
        if self.backend_name == "MATH":
            # Scores, probabilities and their rounded copy, and as much again while they are made.
            needed = 16.0 * case.b * case.hq * case.sq * case.sk
            if needed > problem.device.free_bytes() / 2:
                raise Refused(f"it would need about {needed / 2 ** 30:.0f} GiB for the scores")
        arguments = {"scale": case.scale}
        if case.hq != case.hk:
            arguments["enable_gqa"] = True
        arguments.update(self.mask_arguments(problem))
        attention = torch.nn.functional.scaled_dot_product_attention
        return lambda q, k, v: attention(q, k, v, **arguments)

    def mask_arguments(self, problem):
        """PyTorch's is_causal is aligned to the top left; ours to the bottom right unless the case says otherwise."""
        case = problem.case
        tensors = [t for t in (problem.operands.bias, problem.operands.allowed) if t is not None]
        if len(tensors) + (case.mask != "none") > 1:
            raise Refused("scaled_dot_product_attention takes one mask")
        if tensors:
            return {"attn_mask": tensors[0]}
        if case.mask == "none":
            return {}
        if case.offset(0) == 0:
            return {"is_causal": True}
        if self.needs_mask_tensor:
            return {"attn_mask": lower_right_bias(case, problem.device.device)}
        from torch.nn.attention.bias import causal_lower_right
        return {"attn_mask": causal_lower_right(case.sq, case.sk)}

    def context(self):
        from torch.nn.attention import sdpa_kernel
        return sdpa_kernel([self.backend])


class Flex:
    """flex_attention, compiled for the case: scores are changed by a function, pairs hidden by a block mask."""

    provider = "torch-flex"

    def prepare(self, problem):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        case, operands, device = problem.case, problem.operands, problem.device.device
        torch.compiler.reset()  # or it stops to compile after a few shapes
        # Of a large map all pairs at once are beyond the memory, unless what makes the blocks of them is compiled.
        create = create_block_mask if case.plain is None else torch.compile(create_block_mask)
        arguments = {"scale": case.scale}
        if case.hq != case.hk:
            arguments["enable_gqa"] = True
        places = self.places(case, device)
        if {"softcap", "alibi", "bias", "temperature", "key-log-weight"} & set(case.modifiers):
            arguments["score_mod"] = self.score_function(case, operands, places)
        if case.hides or operands.allowed is not None:
            _, queries, keys = case.tokens
            # What a boolean mask has for each batch and head; all else hides the same pairs in all of them.
            own = (case.b, case.hq) if case.modifiers.get("bool-mask") == "heads" else (None, None)
            arguments["block_mask"] = create(
                self.mask_function(case, operands, places), *own, queries, keys, device=str(device))

        def attention(q, k, v):
            # A sink is one more term of the sum that the log-sum-exp is the logarithm of.
            if operands.sinks is None:
                output = flex_attention(q, k, v, **arguments)
            else:
                output, lse = flex_attention(q, k, v, return_lse=True, **arguments)
                output = output * torch.sigmoid(lse - operands.sinks[:, None]).unsqueeze(-1)
            if operands.gate is not None:
                output = output * operands.gate.unsqueeze(-1)
            return output.to(q.dtype)

        return torch.compile(attention, dynamic=False)

    @staticmethod
    def places(case, device):
        """Of every query its sequence and its diagonal, of every key its sequence and its place; None when that is
        what their indices say."""
        if not case.packed:
            return None
        queries, diagonals, keys, positions = [], [], [], []
        for batch in range(case.b):
            query_count, key_count = case.lengths(batch)
            queries += [batch] * query_count
            diagonals += range(case.offset(batch), case.offset(batch) + query_count)
            keys += [batch] * key_count
            positions += range(key_count)
        return [torch.tensor(each, device=device) for each in (queries, diagonals, keys, positions)]

    @staticmethod
    def score_function(case, operands, places):
        if places is not None:
            raise Refused("of packed sequences this program masks the pairs only")
        offset = case.offset(0)

        def change(score, batch, head, query, key):
            return operands.change(score, batch, head, query, key, query + offset)

        return change

    @staticmethod
    def mask_function(case, operands, places):
        offset, keys = case.offset(0), case.lengths(0)[1]
        if places is not None:
            query_sequence, diagonal, key_sequence, position = places

            def of_packed(batch, head, query, key):
                return (query_sequence[query] == key_sequence[key]) & case.sees(diagonal[query], position[key])

            return of_packed
        if operands.allowed is not None:
            allowed = operands.allowed

            def of_tensor(batch, head, query, key):
                seen = operands.entry(allowed, batch, head, query, key)
                return seen & (key < keys) & case.sees(query + offset, key)

            return of_tensor

        def of_band(batch, head, query, key):
            return (key < keys) & case.sees(query + offset, key)

        return of_band

    def context(self):
        return contextlib.nullcontext()


def dense_providers():
    """Dense attention of the tokens of a map."""
    return [
        Sdpa("torch-dense-flash", "FLASH_ATTENTION", needs_mask_tensor=False),
        Sdpa("torch-dense-cudnn", "CUDNN_ATTENTION", needs_mask_tensor=True),
    ]


def sdpa_providers():
    return [
        Sdpa("torch-flash", "FLASH_ATTENTION", needs_mask_tensor=False),
        Sdpa("torch-cudnn", "CUDNN_ATTENTION", needs_mask_tensor=True),
        Sdpa("torch-efficient", "EFFICIENT_ATTENTION", needs_mask_tensor=False),
        Sdpa("torch-math", "MATH", needs_mask_tensor=True),
    ]


# --- A run ------------------------------------------------------------------------------------------------------------


def one_line(text):
    return " ".join(str(text).split())


def reason_of(error, warned):
    """Why a provider refuses: the exception, and what it warned of before, which often says more."""
    told = [re.sub(r"\(Triggered internally.*", "", one_line(w.message)).strip() for w in warned]
    told = [text for text in dict.fromkeys(told) if not text.endswith("because:")]
    return f"{type(error).__name__}: {'; '.join([one_line(error)[:200], *told])}"[:400]


def refuses(error):
    """Whether an exception is a backend's no. Others are mistakes of this program or a device that failed."""
    return (isinstance(error, (RuntimeError, NotImplementedError, ValueError))
            and "CUDA error" not in str(error) and "cudaError" not in str(error))


class Run:
    """Measures every case by every provider and writes lines as they are done."""

    def __init__(self, device, arguments, out):
        self.device, self.arguments, self.out = device, arguments, out
        self.timer = Timer(device, arguments.mode)
        self.start = time.monotonic()
        self.broken = False

    def write(self, line):
        self.out.write(json.dumps({key: value for key, value in line.items() if value is not None}) + "\n")
        self.out.flush()

    def header(self):
        details = {
            **self.device.details(), "cores": os.cpu_count(), "os": platform.platform(),
            "runtime": f"Python {platform.python_version()}",
        }
        name = self.arguments.machine or re.sub("[^a-z0-9]+", "-", self.device.name.lower().replace("nvidia", ""))
        self.write({
            "kind": "run", "schema": 1, "date": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "commit": self.arguments.commit or commit(), "machine": name.strip("-") or "unknown",
            "device": self.device.name, "mode": self.arguments.mode, "note": self.device.note(),
            "deviceDetails": {key: value for key, value in details.items() if value is not None},
        })

    def ceilings(self):
        on_cpu = isinstance(self.device, CpuDevice)
        n = 256 if on_cpu else 8192
        for dtype in ("bf16", "f16", "f32"):
            a, b = (torch.randn((n, n), device=self.device.device).to(torch_dtype(dtype)) for _ in range(2))
            out = torch.empty_like(a)
            self.ceiling(f"matmul-{dtype}", lambda _, a=a, b=b, out=out: torch.mm(a, b, out=out), 2.0 * n ** 3, 1e12)
        data = torch.randn(1 << (20 if on_cpu else 28), device=self.device.device)
        self.ceiling("read", lambda _: data.sum(), 4.0 * data.numel(), 1e9)

    def ceiling(self, name, launch, work, unit):
        timing = self.timer.measure(launch, 1)
        value = work / timing["seconds"]["median"] / unit
        text = "GB/s" if name == "read" else "TFLOP/s"
        print(f"ceiling {name:<12} {value:10.3f} {text}  +- {100 * timing['spread']:.1f} %", flush=True)
        self.write({"kind": "ceiling", "name": name, "value": value, "unit": text, "spread": timing["spread"],
                    "provider": "torch"})

    def cases(self, cases, providers, run_of=lambda case: case):
        """Measures cases, each by what is run of it."""
        for case in cases:
            problem = None
            for provider in providers:
                line = self.begin(case, provider)
                with warnings.catch_warnings(record=True) as warned:
                    warnings.simplefilter("always")
                    try:
                        if self.out_of_time():
                            raise Refused(f"the time limit of {self.arguments.time_limit:.0f} s was reached")
                        problem = problem or Problem(self.device, run_of(case))
                        self.measure(case, problem, provider, line)
                    except (Refused, torch.OutOfMemoryError) as reason:
                        line.update(status="skipped", reason=one_line(reason))
                    except Exception as error:  # one provider that fails must not keep the others from running
                        line.update(status="skipped" if refuses(error) else "failed", reason=reason_of(error, warned))
                        self.broken |= line["status"] == "failed"
                self.write(line)
                self.show(line)
            problem = None
            self.device.release()

    def out_of_time(self):
        limit = self.arguments.time_limit
        return limit is not None and time.monotonic() - self.start > limit

    def begin(self, case, provider):
        return {
            "kind": "measurement", "case": case.id, "family": case.family, "provider": provider.provider,
            "dtype": case.dtype, "shape": case.shape, "options": case.options, "metric": "tflops",
        }

    def measure(self, case, problem, provider, line):
        outputs = [None] * len(problem.sets)
        with provider.context(), torch.no_grad():
            attention = provider.prepare(problem)

            def launch(index):
                outputs[index] = attention(*problem.sets[index])

            start = time.perf_counter()
            launch(0)
            self.device.synchronize()
            line["moduleLoadSeconds"] = time.perf_counter() - start
            absolute, relative = problem.errors(outputs[0])
            if absolute != float("inf"):
                line["maxError"] = absolute
            if not relative <= ALLOWED_ERROR[case.dtype]:
                line.update(status="failed", reason=f"the relative error {relative:.3g} of a row is above "
                                                    f"{ALLOWED_ERROR[case.dtype]:g}")
                return
            line.update(self.timer.measure(launch, len(problem.sets)))
        line.update(status="ok", flops=case.flops, bytes=case.bytes)

    @staticmethod
    def show(line):
        text = f"{line['case']:<60} {line['provider']:<15} "
        if line["status"] == "ok":
            seconds = line["seconds"]["median"]
            text += (f"{1e3 * seconds:9.4f} ms {line['flops'] / seconds / 1e12:8.2f} TFLOP/s  "
                     f"+- {100 * line['spread']:.1f} %  error {line['maxError']:.2g}")
        else:
            text += f"{line['status'].upper()}: {line['reason']}"
        print(text, flush=True)


def commit():
    folder = os.path.dirname(os.path.abspath(__file__))
    return run_text(["git", "-C", folder, "rev-parse", "--short=7", "HEAD"]) or "unknown"


def parse_arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="cuda:0, cuda:1, ...; or cpu, which runs the tiny cases")
    parser.add_argument("--out", help="append the results to this file, one JSON object a line")
    parser.add_argument("--mode", choices=["short", "full"], default="short")
    parser.add_argument("--cases", default=os.path.join(here, "..", "cases"), help="case file or folder of case files")
    parser.add_argument("--filter", default="", help="only cases whose name contains this text")
    parser.add_argument("--time-limit", type=float, help="seconds; the remaining cases are reported as skipped")
    parser.add_argument("--machine", help="name of the machine in the results (default: of its GPU)")
    parser.add_argument("--commit", help="commit in the results (default: what git says)")
    parser.add_argument("--list", action="store_true", help="print name, flops and bytes of every case and stop")
    parser.add_argument("--providers", default="", help="only these, by commas, such as torch-flash,torch-flex")
    return parser.parse_args()


def chosen_providers(text):
    # flex_attention comes last: compiling takes longer than everything else together.
    rounds = [sdpa_providers(), dense_providers(), [Flex()]]
    names = [p.provider for providers in rounds for p in providers]
    wanted = text.split(",") if text else names
    for name in wanted:
        if name not in names:
            raise BadInput(f"--providers has '{name}'; there are: {', '.join(names)}")
    return [[p for p in providers if p.provider in wanted] for providers in rounds]


def list_cases(arguments):
    for case in read_cases(arguments.cases):
        print(json.dumps({"case": case.id, "flops": case.flops, "bytes": case.bytes}))
    return EXIT_OK


def measure_all(arguments):
    mode = "tiny" if arguments.device == "cpu" else arguments.mode
    cases = [c for c in read_cases(arguments.cases) if mode in c.modes and arguments.filter in c.id]
    if not cases:
        raise BadInput(f"no case of mode {mode} has '{arguments.filter}' in its name")
    sdpa, dense, flex = chosen_providers(arguments.providers)
    device = open_device(arguments.device)
    if device is None:
        print(f"no CUDA device: PyTorch {torch.__version__} sees no {arguments.device}", file=sys.stderr)
        return EXIT_NOT_AVAILABLE
    with open(arguments.out or os.devnull, "a", encoding="utf-8") as out:
        run = Run(device, arguments, out)
        run.header()
        run.ceilings()
        run.cases([c for c in cases if c.plain is None], sdpa)
        run.cases([c for c in cases if c.plain is not None], dense, lambda case: case.plain)
        # First those that have no other peer, since time may be up before the last.
        run.cases(sorted(cases, key=lambda c: not c.modifiers and c.plain is None), flex)
    return EXIT_FAILED if run.broken else EXIT_OK


def main():
    global torch
    arguments = parse_arguments()
    try:
        if arguments.list:
            return list_cases(arguments)
        import torch as imported
        torch = imported
        torch.set_warn_always(True)
        return measure_all(arguments)
    except ImportError as error:
        print(f"no PyTorch: {error}", file=sys.stderr)
        return EXIT_NOT_AVAILABLE
    except (BadInput, OSError) as error:
        print(f"torch_baselines: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
