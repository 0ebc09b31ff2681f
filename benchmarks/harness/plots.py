# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The plots: throughput against connections, and percentiles of latency against the load."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib import ticker  # noqa: E402

from . import figures, table  # noqa: E402

# Distinguishable without colour vision (Okabe and Ito).
LOOKS = {
    "practicus": ("#d55e00", "o"),
    "beast": ("#0072b2", "s"),
    "libcurl": ("#009e73", "^"),
    "go net/http": ("#56b4e9", "v"),
    "rust reqwest": ("#e69f00", "D"),
    "python aiohttp": ("#cc79a7", "P"),
    "python requests": ("#7f7f7f", "X"),
    "wrk": ("#000000", "*"),
    "bare sockets": ("#000000", "*"),
}
LABELS = {
    "beast": "Boost.Beast",
    "libcurl": "libcurl (multi)",
    "go net/http": "Go net/http",
    "rust reqwest": "Rust reqwest",
    "python aiohttp": "Python aiohttp",
    "python requests": "Python requests",
    "wrk": "wrk (decodes nothing)",
    "bare sockets": "bare sockets (decode nothing),\nat practicus's rates",
}
STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "svg.hashsalt": "practicus",
    "legend.frameon": False,
}


def _save(figure, folder, name):
    for kind in ("svg", "png"):
        figure.savefig(folder / f"{name}.{kind}", dpi=144, bbox_inches="tight", facecolor="white")
    plt.close(figure)


def _thousands(value, _):
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _draw(axes, name, x, spreads, label=None, **more):
    colour, marker = LOOKS[name]
    bold = name == "practicus"
    axes.plot(
        x, [s.median for s in spreads], color=colour, marker=marker, label=label, markersize=6,
        linewidth=2.4 if bold else 1.5, zorder=3 if bold else 2, **more,
    )
    axes.fill_between(
        x, [s.low for s in spreads], [s.high for s in spreads], color=colour, alpha=0.13, linewidth=0, zorder=1
    )


def _mark_busy(axes, name, x, spreads, busy):
    """Hollow where the server was nearly saturated: a faster peer would not have got more through."""
    colour, marker = LOOKS[name]
    at = [(a, s.median) for a, s, b in zip(x, spreads, busy) if b is not None and b.median >= 85]
    if at:
        axes.plot(*zip(*at), marker, color=colour, markerfacecolor="white", markersize=6, zorder=4)


def throughput(records, note, folder):
    """Whether there was anything to draw."""
    counts = {tls: {r["connections"] for r in records if r["group"] == "exchange" and r["tls"] == tls}
              for tls in (False, True)}
    # One number of connections is no curve.
    kinds = [tls for tls, found in counts.items() if len(found) > 1]
    if not kinds:
        return False
    with plt.rc_context(STYLE):
        figure, all_axes = plt.subplots(
            1, len(kinds), figsize=(4.6 * len(kinds) + 2, 4.4), sharey=True, squeeze=False
        )
        handles = {}
        for axes, tls in zip(all_axes[0], kinds):
            found = table.series(
                records, "exchange", lambda r: r["connections"], figures.per_second, tls=tls
            )
            busy = table.series(records, "exchange", lambda r: r["connections"], table.server_busy, tls=tls)
            for name in (n for n in LOOKS if n in found):
                _draw(axes, name, *found[name], label=LABELS.get(name, name))
                _mark_busy(axes, name, *found[name], busy[name][1])
            for handle, label in zip(*axes.get_legend_handles_labels()):
                handles[label] = handle
            ticks = sorted({x for xs, _ in found.values() for x in xs})
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set_xticks(ticks, [str(t) for t in ticks])
            axes.yaxis.set_major_locator(ticker.LogLocator(10, (1, 2, 5)))
            axes.yaxis.set_major_formatter(ticker.FuncFormatter(_thousands))
            axes.yaxis.set_minor_formatter(ticker.NullFormatter())
            axes.set_xlabel("connections")
            axes.set_title("TLS" if tls else "plain")
        all_axes[0][0].set_ylabel("exchanges a second, one processor")
        figure.legend(handles.values(), handles.keys(), loc="center left", bbox_to_anchor=(1.0, 0.55))
        figure.suptitle("One console exchange: throughput against connections", x=0.02, ha="left", weight="bold")
        figure.text(0.02, -0.03, note + "\nhollow: the server was busy for 85 % of the time and more", fontsize=8,
                    color="#555555", va="top")
        figure.tight_layout()
        _save(figure, folder, "throughput")
    return True


def latency(records, note, folder):
    """Whether there was anything to draw."""
    if not any(r["group"] == "load" for r in records):
        return False
    with plt.rc_context(STYLE):
        figure, all_axes = plt.subplots(1, 2, figsize=(10.5, 4.4), sharey=True)
        handles = {}
        rates = table.series(records, "load", lambda r: r["load"], lambda r: r["rate"])
        for axes, p, title in ((all_axes[0], "50", "half of the calls (p50)"), (all_axes[1], "99", "99 % of the calls (p99)")):
            found = table.series(records, "load", lambda r: r["load"], lambda r, p=p: r["latency_us"][p])
            for name in (n for n in LOOKS if n in found):
                xs = [s.median for s in rates[name][1]]
                _draw(axes, name, xs, found[name][1], LABELS.get(name, name))
            for handle, label in zip(*axes.get_legend_handles_labels()):
                handles[label] = handle
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.xaxis.set_major_formatter(ticker.FuncFormatter(_thousands))
            axes.yaxis.set_major_formatter(ticker.FuncFormatter(_microseconds))
            axes.set_title(title)
            axes.set_xlabel("calls a second")
        all_axes[0].set_ylabel("latency from the intended time")
        figure.legend(handles.values(), handles.keys(), loc="center left", bbox_to_anchor=(1.0, 0.55))
        figure.suptitle("Open-loop load over 64 connections: latency", x=0.02, ha="left", weight="bold")
        seconds = sorted({r["length"] for r in records if r["group"] == "load"})
        figure.text(0.02, -0.03, f"{note}\ncalls arrive for {', '.join(f'{s:g}' for s in seconds)} s, up to 110 % of what "
                    "each gets through: there, latency grows with that time", fontsize=8, color="#555555", va="top")
        figure.tight_layout()
        _save(figure, folder, "latency")
    return True


def _microseconds(value, _):
    return f"{value / 1e6:g} s" if value >= 1e6 else f"{value / 1e3:g} ms" if value >= 1000 else f"{value:g} us"
