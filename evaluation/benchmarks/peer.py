#!/usr/bin/env python3
"""compress side by side with Python's ONNX Runtime quantizer: whole processes in turn, same files.

  peer.py speed    --compress ./compress --models DIR [--runs 3]
  peer.py accuracy --compress ./compress --models DIR --pairs DIR [NAME ...]
  peer.py memory   --compress ./compress --models DIR
  peer.py latency  --compress ./compress [--rounds 9] [--seconds 2] MODEL...
  peer.py shrink   --compress ./compress --models DIR [--runs 3]
  peer.py accuracy-check --compress ./compress --pairs DIR MODEL...

DIR of models: resnet50.onnx and bert.onnx (`compress models build resnet50|bert -o FILE`), or, for
accuracy, a folder a model as NAME/model.onnx. DIR of pairs: NAME/calib.npz and NAME/test.npz, arrays
named as the model's inputs, test.npz with `labels`. `memory` quantizes the 8 GiB of weights of
DIR/matmul-stack.onnx (`compress models build matmul-stack -o FILE`) in a Java heap of 1 GiB. `latency`
compares the median that `compress evaluate` tells with that of a bare loop over Python's ONNX Runtime,
in processes of their own in turn, one thread, the same random input; the ratio is the median over the
rounds. `shrink` prunes and packs DIR/bert.onnx (434 MB) and looks at processor time and peak memory too;
clustering alone is timed by ClusterSpeedTest. `accuracy-check` compares the accuracy that it tells with one counted here, sample by sample;
DIR/test.npz as above, and a fixed batch is kept to. Needs onnxruntime, onnx and numpy. Wall time and
peak memory are the operating system's account of each finished process; the peer's process imports
its libraries, as compress's starts its virtual machine. Where the peer's documentation has two steps,
preparation and static quantization, they are two processes: their times are added, and the larger of
their memories counts.
"""
import argparse, json, math, os, statistics, subprocess, sys, tempfile, time

PEER = r"""
import sys, logging, numpy as np, onnxruntime
logging.disable(logging.CRITICAL); onnxruntime.set_default_logger_severity(4)
from onnxruntime import quantization as q
from onnxruntime.quantization.shape_inference import quant_pre_process
kind, model, out, npz = sys.argv[1:5]
class Reader(q.CalibrationDataReader):
    def __init__(self):
        z = np.load(npz); names = [k for k in z.files if k != "labels"]
        n = min(int(sys.argv[5]), len(z[names[0]])); self.it = iter([{k: z[k][i:i + 1] for k in names} for i in range(n)])
    def get_next(self): return next(self.it, None)
if kind == "dynamic":
    q.quantize_dynamic(model, out, weight_type=q.QuantType.QInt8, per_channel=True)
elif kind == "prepare":
    quant_pre_process(model, out, skip_symbolic_shape=True)
else:
    pre = out + ".pre.onnx"
    if "prepared" in sys.argv: pre = model
    else:
        try: quant_pre_process(model, pre, skip_symbolic_shape=True)
        except Exception: pre = model
    method = {"minmax": q.CalibrationMethod.MinMax, "percentile": q.CalibrationMethod.Percentile, "entropy": q.CalibrationMethod.Entropy}[kind]
    q.quantize_static(pre, out, Reader(), per_channel=True, activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8, calibrate_method=method)
"""


def run(command):
    """Wall seconds, peak MiB of the largest process, exit status."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, child.returncode


def run_all(commands, outputs):
    """As run, of some processes one after the other; what they write is not there before."""
    for output in outputs:
        if os.path.exists(output): os.remove(output)
    done = [run(c) for c in commands]
    return sum(d[0] for d in done), max(d[1] for d in done), max(d[2] for d in done)


def session(path, threads=1):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def latency(paths, feed, blocks=15):
    """Milliseconds a run by path: smallest block of each, the variants in turn."""
    sessions = {}
    for path in paths:
        try: sessions[path] = session(path)
        except Exception: sessions[path] = None
    best = {}
    for path, s in sessions.items():
        if s: s.run(None, feed)
    for _ in range(blocks):
        for path, s in sessions.items():
            if not s: continue
            n, start = 0, time.perf_counter()
            while True:
                s.run(None, feed); n += 1
                passed = time.perf_counter() - start
                if passed > 0.02: break
            best[path] = min(best.get(path, math.inf), passed / n * 1e3)
    return best


def sqnr(reference, variant, feeds):
    import numpy as np
    a, b = session(reference, 2), session(variant, 2)
    signal = noise = 0.0
    for feed in feeds:
        for x, y in zip(a.run(None, feed), b.run(None, feed)):
            signal += float((x.astype(np.float64) ** 2).sum()); noise += float(((x - y).astype(np.float64) ** 2).sum())
    return 10 * math.log10(signal / max(noise, 1e-300))


def as_older_exporters(source, target):
    """Initializers among the inputs: nothing is then folded at load, nor by Python's preparation."""
    import onnx
    model = onnx.load(source)
    for i in model.graph.initializer:
        model.graph.input.append(onnx.helper.make_tensor_value_info(i.name, i.data_type, list(i.dims)))
    onnx.save(model, target)


def speed(a):
    import numpy as np, onnxruntime as ort
    print(f"ONNX Runtime {ort.__version__} (Python), {os.cpu_count()} cores, {a.runs} runs each in turn, medians\n")
    print("| work | compress s | Python s | ratio | compress MiB | Python MiB | ratio |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as tmp:
        resnet, bert = f"{a.models}/resnet50.onnx", f"{a.models}/bert.onnx"
        name = session(resnet).get_inputs()[0].name
        images = np.random.default_rng(0).normal(size=(16, 3, 224, 224)).astype(np.float32)
        npz = f"{tmp}/calibration.npz"; np.savez(npz, **{name: images})
        older = f"{tmp}/resnet50-older.onnx"; as_older_exporters(resnet, older)
        work = [("dynamic int8, BERT-shaped", bert, "dynamic"), ("static min-max, ResNet-50-shaped, 16 samples", resnet, "minmax"),
                ("static min-max, the same as older exporters write it", older, "minmax"), ("static percentile, the same", older, "percentile"), ("static percentile, ResNet-50-shaped", resnet, "percentile")]
        for number, (title, model, kind) in enumerate(work):
            if not os.path.exists(model): continue
            ours, theirs = f"{tmp}/ours.{number}.onnx", f"{tmp}/peer.{number}.onnx"
            mode = ["--quantize-mode", "dynamic"] if kind == "dynamic" else ["--quantize-mode", "static", "--calibration-data", npz, "--calibration-samples", "16", "--calibration-method", kind]
            mine = [a.compress, "--quantize", "int8", *mode, "--proof", "none", "--threads", str(os.cpu_count()), "--force", "-q", "-o", ours, model]
            python = [sys.executable, "-c", PEER]
            prepared = theirs + ".pre.onnx"
            peer = [[*python, kind, model, theirs, npz, "16"]] if kind == "dynamic" else [[*python, "prepare", model, prepared, npz, "16"], [*python, kind, prepared, theirs, npz, "16", "prepared"]]
            runs = {"mine": [], "peer": []}
            for i in range(a.runs + 1):
                for key, commands in (("mine", [mine]), ("peer", peer)):
                    wall, mib, status = run_all(commands, [ours] if key == "mine" else [theirs, prepared])
                    if status: print(f"{key} failed with {status}: {' '.join(commands[0][:6])}", file=sys.stderr)
                    if i: runs[key].append((wall, mib))
            m, p = ([statistics.median(x[j] for x in runs[k]) for j in (0, 1)] for k in ("mine", "peer"))
            print(f"| {title} | {m[0]:.2f} | {p[0]:.2f} | {m[0] / p[0]:.2f} | {m[1]:.0f} | {p[1]:.0f} | {m[1] / p[1]:.2f} |", flush=True)
            if kind != "dynamic":
                feeds = [{name: images[i:i + 1]} for i in range(8)]
                ms = latency([model, ours, theirs], feeds[0], 5)
                print(f"|   its latency, one thread: float {ms[model]:.1f} ms, compress {ms[ours]:.1f} ms ({ms[model] / ms[ours]:.2f}x), Python {ms.get(theirs, math.nan):.1f} ms ({ms[model] / ms.get(theirs, math.nan):.2f}x); SQNR compress {sqnr(model, ours, feeds):.1f} dB, Python {sqnr(model, theirs, feeds):.1f} dB |", flush=True)


def shrink(a):
    model = os.path.join(a.models, "bert.onnx")
    print(f"{model}: {os.path.getsize(model) / 1e6:.0f} MB; medians of {a.runs} runs")
    for options in (["--prune", "0.9"], ["--prune", "0.9", "--cluster", "16"], ["--prune", "0.9", "--cluster", "16", "--quantize", "int8"]):
        taken = []
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out.onnx")
            for _ in range(a.runs):
                before = os.times()
                wall, peak, status = run([a.compress, *options, "--proof", "none", model, "-o", out, "--force", "-q"])
                after = os.times()
                assert status == 0, options
                taken.append((wall, after.children_user + after.children_system - before.children_user - before.children_system, peak, os.path.getsize(out)))
        wall, cpu, peak, size = (statistics.median(t[i] for t in taken) for i in range(4))
        print(f"{' '.join(options):45} {wall:6.2f} s {cpu:6.2f} s of processor {peak:6.0f} MiB {size / 1e6:6.1f} MB", flush=True)


def memory(a):
    model = f"{a.models}/matmul-stack.onnx"
    weights = sum(os.path.getsize(f"{a.models}/{f}") for f in os.listdir(a.models) if f.startswith("matmul-stack"))
    os.environ["COMPRESS_OPTS"] = "-Xmx1g"
    print("| 8-bit weights of | bytes | mode | seconds | peak MiB |\n|---|---|---|---|---|")
    for mode in ("weights", "dynamic"):
        with tempfile.TemporaryDirectory(dir=a.models) as tmp:
            wall, mib, status = run([a.compress, "--quantize", "int8", "--quantize-mode", mode, "--proof", "none", "-q", "-o", f"{tmp}/out.onnx", model])
            print(f"| matmul-stack | {weights} | {mode} | {wall:.1f} | {mib:.0f} |" if not status else f"| failed with {status} |", flush=True)


def hits(path, test):
    import numpy as np
    s = session(path, 2)
    names, fixed = [i.name for i in s.get_inputs()], s.get_inputs()[0].shape[0]
    n, right = len(test["labels"]), []
    step = 1 if fixed == 1 else 250
    for i in range(0, n, step):
        y = s.run(None, {k: test[k][i:i + step] for k in names})[0]
        guess = y if y.ndim == 1 else y.reshape(len(y), -1).argmax(-1)
        right.append(guess == test["labels"][i:i + step])
    return np.concatenate(right)


def mcnemar(x, y):
    """Two-sided exact p that x and y differ."""
    b, c = int((x & ~y).sum()), int((~x & y).sum())
    n, k = b + c, min(b, c)
    return 1.0 if n == 0 else min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2 ** n)


def accuracy(a):
    import numpy as np
    print("| model | float % | compress % | drop | best of Python % | p | float us | compress us | faster |\n|---|---|---|---|---|---|---|---|---|")
    for name in a.names or sorted(os.listdir(a.pairs)):
        model = next((f"{a.models}/{name}/{f}" for f in ("model.onnx", "mnist.onnx") if os.path.exists(f"{a.models}/{name}/{f}")), None)
        if not model: continue
        test = dict(np.load(f"{a.pairs}/{name}/test.npz"))
        with tempfile.TemporaryDirectory() as tmp:
            ours, calib = f"{tmp}/ours.onnx", f"{a.pairs}/{name}/calib.npz"
            _, _, status = run([a.compress, "--quantize", "int8", "--calibration-data", calib, "--proof", "none" if a.no_proof else "auto", "--force", "-q", "-o", ours, model])
            if status: print(f"| {name} | failed with {status} |", flush=True); continue
            float_hits, our_hits = hits(model, test), hits(ours, test)
            best = None
            for kind in ("dynamic", "minmax", "entropy", "percentile"):
                out = f"{tmp}/{kind}.onnx"
                if run([sys.executable, "-c", PEER, kind, model, out, calib, "100"])[2]: continue
                try: h = hits(out, test)
                except Exception: continue
                if best is None or h.mean() > best[1].mean(): best = (kind, h)
            one = {k: test[k][:1] for k in [i.name for i in session(model).get_inputs()]}
            ms = latency([model, ours], one)
            f, o = 100 * float_hits.mean(), 100 * our_hits.mean()
            peer = f"{100 * best[1].mean():.2f} ({best[0]})" if best else "none loads"
            p = f"{mcnemar(our_hits, best[1]):.2f}" if best else ""
            print(f"| {name} | {f:.2f} | {o:.2f} | {f - o:+.2f} | {peer} | {p} | {1e3 * ms[model]:.0f} | {1e3 * ms[ours]:.0f} | {ms[model] / ms[ours]:.2f}x |", flush=True)


BARE = r"""
import sys, time, json, numpy as np, onnxruntime as ort
model, npz, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
o = ort.SessionOptions(); o.intra_op_num_threads = 1; o.inter_op_num_threads = 1; o.log_severity_level = 4
s = ort.InferenceSession(model, o, providers=["CPUExecutionProvider"])
z = np.load(npz); feed = {i.name: z[i.name][:1] for i in s.get_inputs()}
end = time.perf_counter() + min(1.0, seconds / 2)
while time.perf_counter() < end: s.run(None, feed)
times, end, clock = [], time.perf_counter() + seconds, time.perf_counter_ns
while time.perf_counter() < end:
    start = clock(); s.run(None, feed); times.append(clock() - start)
print(json.dumps([float(np.median(times)) / 1e6, len(times), ort.__version__]))
"""


def random_inputs(path, npz, samples=2):
    import numpy as np
    rng, arrays = np.random.default_rng(0), {}
    for i in session(path).get_inputs():
        dims = [d if isinstance(d, int) and d > 0 else 1 for d in i.shape]
        dims[0] = samples
        arrays[i.name] = rng.normal(size=dims).astype(np.float16 if "float16" in i.type else np.float32) if "float" in i.type else rng.integers(0, 9, size=dims)
    np.savez(npz, **arrays)


def bare_latency(a):
    print("| model | compress ms | Python ms | ratio, median | its quartiles | rounds | Python's ONNX Runtime |\n|---|---|---|---|---|---|---|")
    for model in a.names:
        with tempfile.TemporaryDirectory() as tmp:
            npz = f"{tmp}/input.npz"; random_inputs(model, npz)
            mine = [a.compress, "evaluate", model, "--data", npz, "--energy", "none", "--warmup", str(min(1.0, a.seconds / 2)), "--min-window", str(a.seconds / 5), "--rounds", "5", "--json", "-q"]
            bare = [sys.executable, "-c", BARE, model, npz, str(a.seconds)]
            ours, theirs, version = [], [], ""
            for i in range(a.rounds):
                for who in (("mine", "bare") if i % 2 else ("bare", "mine")):
                    if who == "mine":
                        report = json.loads(subprocess.run(mine, capture_output=True, text=True, check=True).stdout)
                        ours.append(report["variants"][0]["latency_ms"]["p50"])
                    else:
                        ms, _, version = json.loads(subprocess.run(bare, capture_output=True, text=True, check=True).stdout)
                        theirs.append(ms)
            ratios = sorted(x / y for x, y in zip(ours, theirs))
            low, high = ratios[len(ratios) // 4], ratios[(3 * len(ratios)) // 4]
            print(f"| {os.path.basename(os.path.dirname(model))}/{os.path.basename(model)} | {statistics.median(ours):.4g} | {statistics.median(theirs):.4g} | {statistics.median(ratios):.3f} | {low:.3f} to {high:.3f} | {a.rounds} | {version} |", flush=True)


def accuracy_check(a):
    import numpy as np
    bad = 0
    print("| model | samples | compress right | counted here | |\n|---|---|---|---|---|")
    test = dict(np.load(f"{a.pairs}/test.npz"))
    for model in a.names:
        answer = subprocess.run([a.compress, "evaluate", model, "--data", f"{a.pairs}/test.npz", "--energy", "none", "--warmup", "0", "--min-window", "0.01", "--rounds", "5", "--json", "-q"], capture_output=True, text=True, check=True)
        accuracy = json.loads(answer.stdout)["variants"][0]["accuracy"]
        counted = int(hits(model, test).sum())
        told = round(accuracy["value"] * accuracy["samples"])
        same = told == counted and accuracy["samples"] == len(test["labels"]) and abs(accuracy["value"] - counted / len(test["labels"])) < 1e-12
        bad += not same
        print(f"| {os.path.basename(os.path.dirname(model))}/{os.path.basename(model)} | {accuracy['samples']} | {told} | {counted} | {'equal' if same else 'DIFFERENT'} |", flush=True)
    sys.exit(1 if bad else 0)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    s = p.add_subparsers(dest="what", required=True)
    for what in ("speed", "accuracy", "memory", "shrink"):
        x = s.add_parser(what); x.add_argument("--compress", required=True); x.add_argument("--models", required=True)
        if what in ("speed", "shrink"): x.add_argument("--runs", type=int, default=3)
        if what == "accuracy": x.add_argument("--pairs", required=True); x.add_argument("--no-proof", action="store_true"); x.add_argument("names", nargs="*")
    x = s.add_parser("latency"); x.add_argument("--compress", required=True); x.add_argument("--rounds", type=int, default=9); x.add_argument("--seconds", type=float, default=2); x.add_argument("names", nargs="+")
    x = s.add_parser("accuracy-check"); x.add_argument("--compress", required=True); x.add_argument("--pairs", required=True); x.add_argument("names", nargs="+")
    a = p.parse_args()
    {"speed": speed, "accuracy": accuracy, "memory": memory, "shrink": shrink, "latency": bare_latency, "accuracy-check": accuracy_check}[a.what](a)


main()
