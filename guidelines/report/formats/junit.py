"""JUnit XML, as Jenkins, GitLab and others read it: a suite a model, a test case a rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from guidelines.finding import Finding
from guidelines.report.entries import advice, described, sentence
from guidelines.report.locations import named
from guidelines.report.names import printable
from guidelines.report.report import Failure, Model, Report
from guidelines.report.view import View


def render(report: Report, view: View) -> str:
    """Every rule that was run is a test case, so that one which passes is seen to pass."""
    suites = [_model(model) for model in report.models]
    suites += [_failure(failure) for failure in report.errors]
    root = Element("testsuites", {"name": "guidelint", **_sums(suites)})
    root.extend(suites)
    indent(root)
    text = view.finish(tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _model(model: Model) -> Element:
    path = named(model)
    suite = Element("testsuite", name=printable(path))
    for rule in described(Report(models=(model,))):
        case = _case(suite, path, f"{rule.code} {rule.name}")
        found = [each for each in model.findings or () if each.code == rule.code]
        if found:
            _fail(case, found)
        elif held := _held(model, rule.code):
            SubElement(case, "skipped", message=held)
    return _counted(suite)


def _failure(failure: Failure) -> Element:
    path = named(failure)
    suite = Element("testsuite", name=printable(path))
    case = _case(suite, path, "analysis")
    SubElement(case, "error", type="failure", message=printable(failure.message))
    return _counted(suite)


def _case(suite: Element, path: str, name: str) -> Element:
    dotted = printable(str(PurePosixPath(path).with_suffix("")).replace("/", "."))
    return SubElement(suite, "testcase", classname=dotted, name=printable(name))


def _fail(case: Element, found: Sequence[Finding]) -> None:
    """One failure for all findings of a rule: most readers show no second one."""
    worst = max(found, key=lambda each: each.level.rank)
    failure = SubElement(case, "failure", type=str(worst.level), message=sentence(worst))
    lines = []
    for each in found:
        lines += [f"{each.level}: {sentence(each)}", *(f"  {told}" for told in advice(each))]
    failure.text = "\n".join(lines)


def _held(model: Model, code: str) -> str:
    """Why nothing is told of what a rule found, "" where it found nothing."""
    reasons = [each.by.reason or each.by.label for each in model.suppressed]
    codes = [each.finding.code for each in model.suppressed]
    if code in codes:
        return f"suppressed: {printable(reasons[codes.index(code)])}"
    return "in the baseline" if any(each.code == code for each in model.known) else ""


def _counted(suite: Element) -> Element:
    """The suite with its sums, which the schema asks for."""
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    return suite


def _sums(suites: Sequence[Element]) -> dict[str, str]:
    return {
        kind: str(sum(int(suite.get(kind, 0)) for suite in suites))
        for kind in ("tests", "failures", "errors")
    }
