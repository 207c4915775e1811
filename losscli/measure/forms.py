"""Which form of each loss fits the columns, and the units and parts that it is measured by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.loss.domains import Binary, Interval
from losscli.measure.adapt import SUGGEST
from losscli.measure.list_columns import columns_shown, names_shown
from losscli.measure.plan import Measure, ResultPart, RowUnit
from losscli.measure.role_views import RoleViews, is_coded

if TYPE_CHECKING:
    from losscli.loss.declare import Loss, Role
    from losscli.loss.spec import Spec
    from losscli.measure.adapt import View
    from losscli.measure.loss_request import LossRequest
    from losscli.measure.roles import CallColumns
    from losscli.measure.slots import Model


class FittedLosses:
    """The losses of a call in the forms that fit its columns; units are shared by all that want the same."""

    def __init__(self, columns: CallColumns) -> None:
        self.columns = columns
        self._measures: dict[Any, Measure] = {}
        self._units: dict[Any, tuple[int, RowUnit]] = {}

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Each loss of each model, once."""
        return tuple(self._measures.values())

    @property
    def units(self) -> tuple[RowUnit, ...]:
        """What is summed for them."""
        return tuple(unit for _, unit in self._units.values())

    def add(self, request: LossRequest, model: Model) -> None:
        """Fit a loss to the columns of a model.  UsageError where none of its forms does."""
        views = RoleViews(self.columns, model)
        form, repeated = _Fit(views).form(request)
        params = form.read_params(request.spec)
        self._refuse_widths(model, form, params)
        pred = self._shown(model, form, params)
        if repeated:
            parts = self._repeated(views, form, params)
        else:
            parts = [ResultPart(self._unit(views, form, params, views.of_form(form, params)))]
        measure = Measure(form, tuple(params.items()), pred, tuple(parts))
        average = self.columns.options.average
        if average is not None and measure.has_parts and average not in form.averages:
            has = ", ".join(form.averages) or "none of them"
            raise UsageError(f"`{form.name}` has no {average} average", hint=f"it has {has}")
        self._measures.setdefault((form.canonical(measure.values, defaults=True), measure.parts), measure)

    def _repeated(self, views: RoleViews, form: Loss, params: Mapping[str, Any]) -> list[ResultPart]:
        """A unit for every output: a label column each, or one class of the label against the rest."""
        if len(views.model.roles["label"]) == 1:
            return [
                ResultPart(self._unit(views, form, params, of_class), "class", name)
                for name, of_class in views.by_class(form, params)
            ]
        parts = []
        for label, pred, of_output in views.by_output(form, params):
            other = "" if views.model.listed or label.name == pred.name else pred.name
            parts.append(ResultPart(self._unit(views, form, params, of_output), "output", label.name, other))
        return parts

    def _unit(
        self, of: RoleViews, form: Loss, params: Mapping[str, Any], views: Iterable[tuple[str, View]]
    ) -> int:
        """The number of the unit that sums a form over some views."""
        rows: dict[str, Any] = {name: params[name] for name in form.row_params if name in params}
        if form.takes_levels:
            rows["levels"] = of.levels(form)
        if form.takes_matrix:
            rows["matrix"] = of.arranged(form, self.columns.known.costs(params["matrix"]))
        unit = RowUnit(form, tuple(rows.items()), tuple(views))
        key = (form.rows, form.state, form.digits, unit.params, unit.views)
        return self._units.setdefault(key, (len(self._units), unit))[0]

    def _refuse_widths(self, model: Model, form: Loss, params: Mapping[str, Any]) -> None:
        """UsageError where a role of one column is given several, or two vectors differ in length."""
        others = ("pred", "label", *form.columns)
        roles = [role for role in form.roles if role.name not in others and role.shape != "Times"]
        widths = {role.name: len(self.columns.of_role(model, form, role, params)) for role in roles}
        for role in roles:
            if role.shape != "Columns" and widths[role.name] > 1:
                raise UsageError(f"`{form.name}` needs one column for `{role.name}`, not {widths[role.name]}")
        wide = {role.name: widths[role.name] for role in roles if role.shape == "Columns"}
        if len(set(wide.values())) > 1:
            counts = ", ".join(f"{width} for `{name}`" for name, width in wide.items())
            raise UsageError(f"`{form.name}` needs vectors of one length, not columns: {counts}")

    def _shown(self, model: Model, form: Loss, params: Mapping[str, Any]) -> str:
        """The prediction as results name it."""
        # A loss may find its roles by the names of columns, whatever `--pred` names.
        if model.pred is not None and any(role.name in model.roles for role in form.pred_roles):
            return model.pred
        columns = [c for role in form.pred_roles for c in self.columns.of_role(model, form, role, params)]
        names = (self.columns.sources[c.side].columns[c.index] if c.made else c.name for c in columns)
        return ",".join(dict.fromkeys(names))


def refuse_average(measures: Sequence[Measure]) -> None:
    """UsageError where `--average` concerns none of the losses."""
    if not any(measure.has_parts for measure in measures):
        names = names_shown(dict.fromkeys(measure.loss.name for measure in measures))
        raise UsageError(
            f"`--average` is of losses per class or output, and these have one form: {names}",
            hint="leave `--average` out",
        )


class _Fit:
    """Which forms of a loss fit the columns of one model."""

    def __init__(self, views: RoleViews) -> None:
        self.views = views
        self.model = views.model
        self.options = views.columns.options
        self.labels, self.preds = self.model.roles["label"], self.model.roles.get("pred", [])

    def form(self, request: LossRequest) -> tuple[Loss, bool]:
        """The form whose roles the columns fill, and whether it is repeated over outputs or classes."""
        name = request.forms[0].name
        whole = [form for form in request.forms if self._fits(form) and self._fits_matrix(form, request.spec)]
        shaped = whole or [form for form in request.forms if self._fits_repeated(form)]
        if not shaped:
            raise self._refusal(request)
        logits = self.options.from_logits
        refusals = []
        for form in shaped:
            if form.scores or form.logits == logits or is_coded(form):
                try:
                    form.read_params(request.spec)
                except UsageError as error:
                    refusals.append(error)
                else:
                    return form, not whole
        if refusals:
            raise refusals[0]
        if logits:
            raise UsageError(f"`{name}` has no form for raw scores", hint="leave `--from-logits` out")
        raise UsageError(f"`{name}` is measured from raw scores", hint="add `--from-logits`")

    def _refusal(self, request: LossRequest) -> UsageError:
        """Why no form of a loss fits."""
        name, labels, preds = request.forms[0].name, self.labels, self.preds
        form = request.forms[0]
        for role in form.roles:
            if role.name in form.label_roles and role.name != "label":
                # Raises the error that says which column is missing.
                self.views.columns.of_role(self.model, form, role, {})
        if any(role.name == "pred" for form in request.forms for role in form.roles) and preds:
            return UsageError(
                f"`{name}` cannot compare {columns_shown(preds, 'prediction')} with {columns_shown(labels, 'label')}",
                f"predictions: {names_shown(p.name for p in preds)}; labels: {names_shown(c.name for c in labels)}",
                "`cross_entropy` and `brier` measure probabilities of several classes, a column for each"
                if len(labels) == 1 and any(_of_probability(form) for form in request.forms)
                else f"every member needs {len(labels)} columns, one for each label"
                if form.members
                else f"each model has a `--pred` of its own; {SUGGEST}"
                if len(preds) > len(labels) == 1
                else f"choose columns with `--pred` and `--label`; {SUGGEST}",
            )
        roles = ",".join(f"{role.name}=COLUMN" for role in request.forms[0].pred_roles)
        needed = ", ".join(f"`{role.name}`" for role in request.forms[0].pred_roles)
        return UsageError(
            f"`{name}` needs {needed}",
            f"the model `{self.model.pred}` does not have it" if len(self.options.models) > 1 else None,
            f"name the columns: `--pred {roles}`",
        )

    def _fits(self, form: Loss) -> bool:
        """Whether the columns fill the roles of a form."""
        labels, preds = len(self.labels), len(self.preds)
        shapes = {role.name: role.shape for role in form.roles}
        of_label = [role for role in form.roles if role.name in form.label_roles and role.name != "label"]
        if not all(self._can_fill(form, role) for role in of_label):
            return False
        if "pred" not in shapes:
            # Several roles of predictions, each of them one column.
            fits = labels == 1 or "label" not in shapes
            return fits and all(self._can_fill(form, role) for role in form.pred_roles)
        label, pred = shapes.get("label", "Column"), shapes["pred"]
        if label == "Columns" or pred == "Columns":
            wide = labels == preds if label == "Columns" else labels == 1 or "label" not in shapes
            if form.members:
                wide = preds % labels == 0
            return wide and (preds > 1 or self.model.listed)
        return (labels == 1 or "label" not in shapes) and (preds == 1 or (preds > 1 and pred == "Codes"))

    def _fits_matrix(self, form: Loss, spec: Spec) -> bool:
        """Whether a form for a label of 0 and 1 has a matrix of two such classes, where it takes one."""
        path = dict(spec.params).get("matrix")
        if not form.takes_matrix or not isinstance(form.role("label").domain, Binary) or path is None:
            return True
        return self.views.two_classes(self.views.columns.known.costs(path)) is not None

    def _can_fill(self, form: Loss, role: Role) -> bool:
        try:
            self.views.columns.of_role(self.model, form, role, {})
        except UsageError:
            return False
        return True

    def _fits_repeated(self, form: Loss) -> bool:
        """Whether the columns fill a form once for each output, or for each class."""
        labels, preds = len(self.labels), len(self.preds)
        if any(role.shape == "Columns" for role in form.roles) or "pred" not in {r.name for r in form.roles}:
            return False
        if labels == preds and (preds > 1 or self.model.listed):
            return True
        return form.per_class and labels == 1 and preds > 1 and form.role("pred").shape == "Column"


def _of_probability(form: Loss) -> bool:
    """Whether it measures the probability of one of two classes."""
    domains = {role.name: role.domain for role in form.roles}
    return isinstance(domains.get("label"), Binary) and domains.get("pred") == Interval(0.0, 1.0)
