// Lists the runs, draws what a report would say of the chosen ones, and draws anew what changed while they train.
(() => {
  const MARGIN = "600px 0px"; // figures are drawn about a screen ahead
  const byId = (id) => document.getElementById(id);
  const side = { runs: byId("runs"), filter: byId("filter"), none: byId("none"), link: byId("link") };
  const runs = new Map(); // id → what the list says
  const chosen = new Set(new URLSearchParams(location.search).getAll("run"));
  let nobodyChose = !chosen.size; // then the newest run is, when there is one

  // An element with its class, children and text; text is never taken for markup.
  function make(tag, kind = "", ...inside) {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    element.append(...inside.filter((each) => each !== null && each !== undefined && each !== ""));
    return element;
  }

  // ---- the list of runs

  const words = (run) => [run.name, run.title, run.figure, run.preset, ...(run.networks || []), state(run)].join(" ").toLowerCase();
  const state = (run) => (run.live && run.state === "done" ? "writing" : run.state);

  function ago(seconds) {
    const past = Math.max(0, Date.now() / 1000 - seconds);
    if (past < 90) return `${Math.round(past)} s ago`;
    if (past < 5400) return `${Math.round(past / 60)} min ago`;
    return past < 129600 ? `${Math.round(past / 3600)} h ago` : `${Math.round(past / 86400)} days ago`;
  }

  function told(run) {
    const line = make("span", "told", make("span", `state ${run.live ? "live" : state(run)}`, state(run)));
    const said = [run.preset, run.rows ? `${run.rows.toLocaleString("en")} rows` : "", run.changed ? ago(run.changed) : ""];
    line.append(...said.filter(Boolean).map((each) => ` · ${each}`));
    return line;
  }

  const newestFirst = () => [...runs.values()].sort((a, b) => (b.live - a.live) || (b.changed || 0) - (a.changed || 0));

  function listRuns() {
    const wanted = side.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const seen = newestFirst().filter((run) => chosen.has(run.id) || wanted.every((word) => words(run).includes(word)));
    const focused = document.activeElement && document.activeElement.value;
    side.runs.replaceChildren(...seen.map((run) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: run.id, checked: chosen.has(run.id) });
      box.addEventListener("change", () => choose(run.id, box.checked));
      const title = run.title === run.name ? "" : make("span", "told", run.title);
      const label = make("label", "", box, make("span", "name", run.name), title, told(run));
      if (run.notice) label.append(make("span", "notice", run.notice));
      return make("li", chosen.has(run.id) ? "chosen" : "", label);
    }));
    if (focused) [...side.runs.querySelectorAll("input")].find((box) => box.value === focused)?.focus();
    side.none.hidden = seen.length > 0;
    side.none.textContent = runs.size ? "no run has these words" : "no runs here yet: they appear when one begins";
  }

  function choose(id, yes) {
    nobodyChose = false;
    if (yes) chosen.add(id);
    else chosen.delete(id);
    const query = new URLSearchParams([...chosen].map((each) => ["run", each]));
    history.replaceState(null, "", chosen.size ? `?${query}` : location.pathname);
    listRuns();
    refresh();
  }

  side.filter.addEventListener("input", listRuns);
  setInterval(listRuns, 10000); // "12 s ago" goes on

  // ---- changes: the browser asks again by itself, and says which it saw last

  function follow() {
    const source = new EventSource("/events");
    const link = (said, lost) => {
      side.link.textContent = said;
      side.link.classList.toggle("lost", lost);
    };
    source.addEventListener("open", () => link("live", false));
    source.addEventListener("error", () => {
      link("no answer, asking again …", true);
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
    });
    source.addEventListener("runs", ({ data }) => {
      const changed = JSON.parse(data);
      if (changed.all) runs.clear();
      for (const run of changed.runs) runs.set(run.id, run);
      for (const id of changed.gone) runs.delete(id);
      if (nobodyChose && runs.size) return choose(newestFirst()[0].id, true);
      listRuns();
      refresh();
    });
  }

  // ---- what is said of the chosen runs

  let asking = false;
  let shown = "";
  let again = false;

  async function refresh() {
    const ids = [...chosen].filter((id) => runs.has(id));
    const wanted = ids.map((id) => `${id} ${runs.get(id).version}`).join("\n");
    if (wanted === shown) return;
    if (asking) { again = true; return; }
    asking = true;
    try {
      const query = new URLSearchParams(ids.map((id) => ["run", id]));
      const said = ids.length ? await ask(`/figures.json?${query}`) : { title: "Choose a run" };
      if (said) {
        showContent(said, ids);
        shown = wanted;
      }
      if (ids.length === 2) showDifferences(await ask(`/differences.json?${query}`), ids);
      byId("differences").hidden = ids.length !== 2;
    } finally {
      asking = false;
      if (again) { again = false; refresh(); }
    }
  }

  async function ask(address) {
    try {
      const answer = await fetch(address);
      return await answer.json();
    } catch (reason) {
      setTimeout(refresh, 2000);
      return null;
    }
  }

  function showContent(said, ids) {
    byId("title").textContent = said.title || "";
    document.title = said.title ? `${said.title} · infoscope` : "infoscope";
    const several = (said.runs || []).length > 1;
    const named = (run) => (several ? [make("strong", "", run.id), " · "] : []);
    const facts = (said.runs || []).flatMap((run) => [
      make("p", "facts", ...named(run), run.facts),
      ...[...run.missing, ...run.untrained].filter((each) => !each.startsWith("this run has no verdicts") && !each.startsWith("this run is not finished"))
        .map((each) => make("p", "notice", ...named(run), `${each}.`)),
    ]);
    const notices = (said.notices || []).map(({ run, said: why }) => make("p", "notice", make("strong", "", run), ` cannot be shown: ${why}`));
    const refused = said.notice ? [make("p", "notice", said.notice)] : [];
    byId("facts").replaceChildren(...refused, ...notices, ...facts);
    showVerdicts(said.verdicts || [], several);
    showBlocks(said.sections || [], said.figures || [], several);
    byId("main").dataset.runs = ids.join(" ");
  }

  function showVerdicts(verdicts, several) {
    const place = byId("verdicts");
    place.hidden = !verdicts.length;
    place.replaceChildren(make("h2", "", "Verdicts"), make("ul", "verdict-list", ...verdicts.map((verdict) => {
      const chip = make("span", `outcome ${verdict.kind || verdict.outcome.replaceAll(" ", "-")}`, `${verdict.sign} ${verdict.outcome}`);
      return make("li", "", chip, " ", verdict.claim.sentence, make("span", "source", (several ? `${verdict.run} · ` : "") + verdict.found));
    })));
  }

  function showDifferences(said, ids) {
    const place = byId("differences");
    const names = ids.map((id) => runs.get(id)?.name || id);
    const heading = make("h2", "", `${names[1]} less ${names[0]}`);
    if (!said || said.notice) {
      place.replaceChildren(heading, make("p", "absent", said ? said.notice : "no answer"));
      return;
    }
    const head = () => make("thead", "", make("tr", "", ...said.columns.map((each) => make("th", "", each))));
    const line = ({ cells, found }) => make("tr", found ? "surely" : "", ...cells.map((each, at) => {
      const cell = make("td", "number", each);
      cell.dataset.label = said.columns[at];
      return cell;
    }));
    const tabled = (lines) => {
      const wide = make("div", "wide", make("table", "stacking", head(), make("tbody", "", ...lines.map(line))));
      wide.tabIndex = 0; // it may scroll sideways
      return wide;
    };
    const sure = said.lines.filter((each) => each.sure), rest = said.lines.filter((each) => !each.sure);
    const more = sure.length ? make("details", "", make("summary", "", `${rest.length} more without an interval`), tabled(rest)) : tabled(rest);
    place.replaceChildren(
      heading, ...said.sentences.map((each) => make("p", "", `${each}.`)), ...(sure.length ? [tabled(sure)] : []), ...(rest.length ? [more] : []),
      ...said.notes.map((each) => make("p", "source", each)),
    );
  }

  // ---- figures: a place keeps its element and its picture until there is a newer one

  const places = new Map(); // the id of a card → { holder, spec, text, view, … }
  const options = () => ({
    mode: "vega-lite", renderer: "svg", downloadFileName: "infoscope",
    ast: true, // expressions are walked by Vega's interpreter: the page's policy lets nothing compile them
    defaultStyle: false, forceActionsMenu: true, tooltip: { disableDefaultStyle: true },
    actions: { export: true, source: false, compiled: false, editor: false },
  });

  function showBlocks(sections, figures, several) {
    const before = new Set(places.keys());
    const open = new Set([...document.querySelectorAll("#blocks details.more[open]")].map((each) => each.id));
    const built = sections.flatMap((section) => [
      ...(sections.length > 1 ? [make("h2", "", section.title)] : []),
      make("div", "so-what", ...section.so_what.map((each) => make("p", "", each))),
      ...section.blocks.map((block) => drawnBlock(section, block, figures, several, open, before)),
    ]);
    byId("blocks").replaceChildren(...built);
    for (const id of before) forget(id);
    const blocks = sections.flatMap((section) => section.blocks);
    byId("contents").hidden = blocks.length < 2;
    byId("contents").replaceChildren(make("p", "contents", "Figures: ", ...blocks.flatMap((block, at) => {
      const link = make("a", "", block.heading);
      link.href = `#${block.id}`;
      return at ? [" · ", link] : [link];
    })));
    setMoments();
    drawNear();
  }

  function drawnBlock(section, block, figures, several, open, before) {
    const out = make("section", `block${section.single ? " single" : ""}`, make("h2", "", block.heading));
    out.id = block.id;
    const panels = (some) => make("div", "panels", ...some.map((panel) => make(
      "div", "panel", make("h3", "", panel.heading),
      make("div", "cards", ...panel.cards.map((card) => drawnCard(card, figures, several, before))),
      panel.absent.length ? make("p", "absent", `not measured for: ${panel.absent.join(", ")}`) : "",
    )));
    out.append(panels(block.panels));
    if (block.more.length) {
      const more = make("details", "more", make("summary", "", `${block.more.length} more: ${block.more.map((panel) => panel.heading).join(" · ")}`), panels(block.more));
      more.id = `more-${block.id}`;
      more.open = open.has(more.id);
      out.append(more);
    }
    return out;
  }

  function drawnCard(card, figures, several, before) {
    const caption = make("figcaption", "", make("strong", "", card.title), several ? make("span", "source", `run ${card.run}`) : "", card.caption ? make("span", "source", card.caption) : "");
    const figure = make("figure", "", caption);
    figure.id = card.id;
    if (card.failed) figure.append(make("p", "notice", `this figure could not be drawn: ${card.failed}`));
    else {
      before.delete(card.id);
      figure.append(place(card.id, figures[card.figure]));
    }
    if (card.estimands.length || card.trust.length) {
      figure.append(make("p", "estimand", card.estimands.slice(0, 4).join("; "), card.trust.length ? make("span", "source", card.trust.join("; ")) : ""));
    }
    return figure;
  }

  function place(id, spec) {
    const written = JSON.stringify(spec);
    let at = places.get(id);
    if (!at) {
      at = { holder: make("div", "plot"), view: null, drawn: "", marked: null };
      at.holder.dataset.place = id;
      places.set(id, at);
      watch.observe(at.holder);
    }
    Object.assign(at, { spec, written, recorded: spec.usermeta?.recorded, clock: spec.usermeta?.clock });
    return at.holder;
  }

  function forget(id) {
    const at = places.get(id);
    watch.unobserve(at.holder);
    near.delete(at);
    at.view?.finalize();
    places.delete(id);
  }

  async function draw(at) {
    const wanted = at.written;
    const spec = JSON.parse(wanted);
    if (at.recorded) spec.params[0].value = at.marked = marked(at);
    const next = make("div", "plot");
    at.holder.after(next); // as wide as its place, and not seen before it is drawn
    next.style.cssText = `position: absolute; visibility: hidden; width: ${at.holder.clientWidth}px`;
    try {
      const { view } = await vegaEmbed(next, spec, options());
      at.view?.finalize();
      at.view = view;
      next.querySelector("summary")?.setAttribute("aria-label", "save this figure");
      next.style.cssText = "";
      at.holder.replaceChildren(next);
      at.holder.style.minHeight = `${next.offsetHeight}px`;
    } catch (reason) {
      next.remove();
      at.holder.replaceChildren(make("p", "notice", `this figure could not be drawn: ${reason}`));
      console.error(reason);
    }
    at.drawn = wanted;
  }

  const near = new Set();
  let busy = false;
  async function drawNear() {
    if (busy) return;
    busy = true;
    try {
      for (;;) {
        const waiting = [...near].filter((at) => at.drawn !== at.written);
        if (!waiting.length) break;
        delete document.documentElement.dataset.drawn;
        await draw(waiting[0]);
        await move(waiting[0]);
        await new Promise((resolve) => setTimeout(resolve)); // the page stays responsive between two figures
      }
    } finally {
      busy = false;
    }
    document.documentElement.dataset.drawn = "true"; // all that is near
  }

  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const at = places.get(target.dataset.place);
      if (!at) continue;
      if (isIntersecting) near.add(at);
      else near.delete(at);
    }
    drawNear();
  }, { rootMargin: MARGIN });

  // ---- one moment of training for all planes; the newest until somebody goes back

  const player = { box: byId("moments"), live: byId("live"), slider: byId("step"), clock: byId("clock"), now: byId("now") };
  let moments = [];
  let held = null; // the moment that somebody went back to

  const unit = () => ([...places.values()].every((at) => !at.recorded || at.clock === "epoch") ? 1 : 0);

  function marked(at) {
    const until = held ?? Infinity;
    const seen = at.recorded.filter((when) => when[unit()] <= until);
    return seen.length ? seen[seen.length - 1][0] : -1;
  }

  async function move(at) {
    if (!at.recorded || !at.view || at.marked === marked(at)) return;
    at.marked = marked(at);
    await at.view.signal("step", at.marked).runAsync();
  }

  function setMoments() {
    const recorded = [...places.values()].flatMap((at) => (at.recorded || []).map((when) => when[unit()]));
    moments = [...new Set(recorded)].sort((a, b) => a - b);
    player.box.hidden = moments.length < 2;
    player.slider.max = Math.max(0, moments.length - 1);
    player.clock.textContent = unit() ? "epoch" : "step";
    showMoment();
  }

  function showMoment() {
    const last = moments.length - 1;
    const at = held === null ? last : Math.max(0, moments.findLastIndex((when) => when <= held));
    const time = moments.length ? moments[at].toLocaleString("en") : "";
    player.slider.value = at;
    player.slider.setAttribute("aria-valuetext", `${player.clock.textContent} ${time}`);
    player.now.value = time;
    player.live.setAttribute("aria-pressed", String(held === null));
    for (const each of near) move(each);
  }

  player.slider.addEventListener("input", () => {
    const at = Number(player.slider.value);
    held = at >= moments.length - 1 ? null : moments[at];
    showMoment();
  });
  player.live.addEventListener("click", () => { held = null; showMoment(); });

  follow();
})();
