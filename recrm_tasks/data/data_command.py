"""`recrm data`: checks data, and writes it in one form."""

from __future__ import annotations

import argparse
import json
import sys
from collections import abc
from pathlib import Path
from typing import Any

from recrm_tasks.answers.order import BY_ITEM
from recrm_tasks.answers.prompt import LETTERS
from recrm_tasks.data.export import export
from recrm_tasks.data.file_list import Fate, file_list, links_of, may_be_table
from recrm_tasks.data.mapping.layout import place
from recrm_tasks.data.mapping.made_from import made_from
from recrm_tasks.data.mapping.mapping_file import Mapping, to_yaml
from recrm_tasks.data.mapping.plan import stop_for
from recrm_tasks.data.prepare import refuse_files
from recrm_tasks.data.profile import Profile, described, profile, proposal
from recrm_tasks.data.sources.origin import Origin, origin_of
from recrm_tasks.data.sources.published_files import compared
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, NoRecords

_CHOICE = "hub|sample|PATH"


def add_data_commands(commands: Any, help_of: abc.Mapping[str, str]) -> Any:
    """Adds `data` with its subcommands to the command line.

    Args:
        commands: the subcommands of `recrm`.
        help_of: what the options `data`, `mapping`, `revision` and `split` do, which tasks have too.

    Returns:
        The subcommands of `data`, so that others can add theirs.
    """
    data = commands.add_parser("data", help="check data, convert it, build it from your own logs")
    below = data.add_subparsers(required=True, metavar="COMMAND")

    inspect = below.add_parser("inspect", help="check every record, show what was recognised, write a mapping.yaml")
    _source(inspect, help_of)
    inspect.add_argument(
        "--to", type=Path, default=Path("mapping.yaml"), help="File for the mapping. By default mapping.yaml."
    )
    inspect.set_defaults(run=_inspect)

    exporting = below.add_parser("export", help="write checked records as Parquet")
    _source(exporting, help_of)
    exporting.add_argument("--to", type=Path, required=True, metavar="DIR", help="A new folder for the files.")
    exporting.add_argument(
        "--split",
        help=f"{help_of['split']} By default each split of the source (with --as: `train`, or "
        "`hash-train` where it has none); `hash` makes `train` and `test` by hash.",
    )
    exporting.set_defaults(run=_export)

    return below


def _source(parser: argparse.ArgumentParser, help_of: abc.Mapping[str, str]) -> None:
    parser.add_argument("data", nargs="?", metavar=_CHOICE, help=help_of["data"])
    parser.add_argument("--dimension", action="append", help="Only this dimension; may be repeated.")
    parser.add_argument("--mapping", help=help_of["mapping"])
    parser.add_argument("--revision", help=help_of["revision"])


def _inspect(options: argparse.Namespace) -> int:
    chosen = [dimension_of(key) for key in options.dimension or dimensions()]
    origin = origin_of(options.data, options.revision)
    print(f"{origin.name} (revision {origin.commit or '-'}): {len(origin.names)} files")
    placed = place(origin.names, origin.card())
    if origin.choice == "hub":
        contents = {p.name: origin.contents[p.name] for p in placed}
        for path, said in compared(contents, origin.whole):
            print(f"  {path}: {said}")
    found: list[Profile] = []
    absent: list[NoRecords] = []
    failed: dict[str, DataError] = {}
    for dimension in chosen:
        try:
            found.append(profile(origin, dimension, options.mapping))
        except NoRecords as error:
            absent.append(error)
            print(f"\n{dimension.key}: no records")
            continue
        except DataError as error:
            like = next((key for key, earlier in failed.items() if str(earlier) == str(error)), None)
            failed[dimension.key] = error
            print(f"\n{dimension.key}: {f'not known, for the reason given at {like}' if like else error}")
            continue
        _print(found[-1])
    listed = file_list(origin, placed, found, failed, [dimension.key for dimension in chosen])
    _print_files(origin, listed)
    doubtful = [p for p in found if p.plan.doubts]
    if found and (doubtful or not options.mapping) and origin.choice != "sample":
        _write(options.to, found, origin)
    if failed:
        raise next(iter(failed.values()))
    if doubtful:
        raise stop_for(doubtful[0].plan.doubts, origin, doubtful[0].dimension)
    if not found:
        raise absent[0] if options.dimension or not placed else _of_no_dimension(origin, listed)
    _refuse(found)
    if refused := next((fate for fate in listed if fate.kind == "refused"), None):
        raise DataError(f"{refused.names[0]} was not read {refused.why}")
    return 0


def _print_files(origin: Origin, listed: list[Fate]) -> None:
    """Names every file with what became of it."""
    print("\nfiles")
    for fate in listed:
        print(f"  {fate}")
    if origin.links:
        print(f"  links       {links_of(origin.links)}")
    if any(fate.kind == "not read" for fate in listed):
        print("  In a mapping.yaml, `files` say which files a dimension has.")
    if any(may_be_table(name) for fate in listed if fate.kind == "not data" for name in fate.names):
        print("  With `separator` or `names` in its entry there, a file of any name is a text table.")


def _of_no_dimension(origin: Origin, listed: list[Fate]) -> NoRecords:
    """The error for a source of which no file is of a dimension: what is wrong with its files comes last."""
    left = [fate for fate in listed if fate.kind in ("not read", "refused")]
    said, name = "\n  ".join(map(str, left)), json.dumps(left[0].names[0], ensure_ascii=False)
    return NoRecords(
        f"{origin.name}: no records of any dimension. A mapping.yaml says which files are of which one (--mapping "
        "FILE, or RECRM_MAPPING=FILE):\n"
        f"    dimensions: {{DIMENSION: {{sources: [{{files: {{'-': [{name}]}}}}]}}}}, with {', '.join(dimensions())}\n"
        "  Logs of what users did become records with `recrm data build` (docs/build.md).\n"
        f"  {said}"
    )


def _refuse(found: list[Profile]) -> None:
    """Ends with rows that cannot be used, unless a mapping leaves them out; and with files that have no others.

    Raises:
        DataError: the last line is the reason for the first of them.
    """
    stopped = [p for p in found if p.plan.mapping.unusable == "stop" and p.problems.total]
    if stopped:
        unusable = sum(p.problems.total for p in stopped)
        raise DataError(
            f"{unusable} rows cannot be used; by default they stop a run (`unusable: skip` in a mapping.yaml leaves "
            f"them out and counts them). The first of {stopped[0].dimension.key}:\n  {stopped[0].problems.first[0]}"
        )
    for p in found:
        refuse_files(p.files, p.dimension)


def _write(to: Path, found: list[Profile], origin: Origin) -> None:
    """Writes the mapping, unless a file exists that a person may have edited."""
    if to.exists():
        print(f"\n{to} exists already and is left as it is; --to names another file")
        return
    text = (
        "# What was recognised. `?` has to be decided: remove the # of one answer. docs/data.md describes the keys.\n"
    )
    doubts = [(p.dimension.key, doubt) for p in found for doubt in p.plan.doubts]
    mapping = Mapping(made_from=made_from(origin), dimensions=proposal(found))
    try:
        to.write_text(text + to_yaml(mapping, doubts), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{to}: cannot be written: {error.strerror}") from None
    print(f"\nwritten: {to} (use it with --mapping {to} or RECRM_MAPPING={to})")


def _print(found: Profile) -> None:
    plan = found.plan
    print(f"\n{found.dimension.key}: {found.rows:,} records")
    for source, files in zip(plan.mapping.sources, plan.files, strict=True):
        shown = ", ".join(f"{name} ({split or 'no split'})" for name, split in files[:5])
        print(f"  files       {shown}" + (f" and {len(files) - 5} more" if len(files) > 5 else ""))
        for name in [name for name, _ in files if name in found.as_found][:5]:
            print(f"  written as  {name}: {found.as_found[name]}")
        for name, column in described(source):
            print(f"    {name:<12} <- {column}")
    if plan.unused:
        print(f"  not used    {', '.join(name or repr(name) for name in dict.fromkeys(plan.unused))}")
    if plan.labels:
        print(f"  label set   {', '.join(f'{x.name} ({x.value:.3g})' for x in plan.labels.labels)}")
        if any(source.messages for source in plan.mapping.sources):
            for letter, label in zip(LETTERS, plan.labels.labels, strict=False):
                print(f"  read as     {label.name}: {', '.join((letter, *label.words))}")
    for doubt in plan.doubts:
        print(f"  to decide   {doubt.what}")
    if not found.rows and not found.problems.total:
        return
    for title, counts in (("splits", found.splits), ("labels", found.labels), ("languages", found.langs)):
        shown = ", ".join(f"{name}: {count:,}" for name, count in list(counts.items())[:20])
        print(f"  {title:<11} {shown}" + (f" and {len(counts) - 20} more" if len(counts) > 20 else ""))
    if found.one_sided:
        print(f"  no order    {found.one_sided:,} lists lack a positive or a negative: {BY_ITEM}")
    if found.groups is not None:
        print(f"  groups      {found.groups:,}")
    for name, (median, most, longest) in found.lengths.items():
        print(f"  characters  {name}: median {median:,}, 99 % below {most:,}, longest {longest:,}")
    for said in found.misses:
        print(f"  no match    {said}")
    print(
        f"  duplicates  {found.duplicates:,} have the same content as an earlier record; "
        f"{found.overlap:,} of test are in another split too"
    )
    title = "left out" if plan.mapping.unusable == "skip" else "unusable"
    for reason, count in found.problems.reasons.most_common():
        print(f"  {title:<11} {count:,} rows: {reason}")
        for example in found.problems.examples(reason):
            print(f"                {example}")


def _export(options: argparse.Namespace) -> int:
    for key in options.dimension or ():
        dimension_of(key)
    manifest = export(options.data, options.to, options.dimension, options.split, options.mapping, options.revision)
    for key in () if options.dimension else [key for key in dimensions() if key not in manifest["dimensions"]]:
        print(f"left out: {key}, which has no records", file=sys.stderr)
    for key, part in manifest["dimensions"].items():
        for name, split in part["splits"].items():
            print(f"{key}/{name}.parquet: {split['rows']:,} records, sha256 {split['sha256']}")
    print(f"written: {options.to} (RECRM_DATA={options.to})", file=sys.stderr)
    return 0
