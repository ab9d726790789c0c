// Draws each figure when it comes near the screen, and moves every information plane to one moment of training.
(() => {
  const MARGIN = "800px 0px"; // about a screen ahead
  const { figures, shared } = JSON.parse(document.getElementById("figures").textContent);
  const options = {
    mode: "vega-lite", renderer: "svg", downloadFileName: "infoscope",
    ast: true, // expressions are walked by Vega's interpreter: the page's policy lets nothing compile them
    defaultStyle: false, forceActionsMenu: true, tooltip: { disableDefaultStyle: true }, // no styles but style.css count
    actions: { export: true, source: false, compiled: false, editor: false },
  };
  const holders = [...document.querySelectorAll("[data-figure]")];
  const play = document.getElementById("play");
  const slider = document.getElementById("step");
  const now = document.getElementById("now");

  // The figures are packed (see _embedding.py): tables by column, and once what is found in several places.
  const opened = (part) => part && part.$same !== undefined ? opened(shared[part.$same]) : part;
  function unpacked(packed) {
    const part = opened(packed);
    if (Array.isArray(part)) return part.map(unpacked);
    if (part === null || typeof part !== "object") return part;
    if (!part.$rows) return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, unpacked(inner)]));
    const columns = Object.entries(part.$rows).map(([name, column]) => [name, opened(column)]);
    return columns[0][1].map((_, row) => Object.fromEntries(columns.map(([name, column]) => [name, column[row]])));
  }

  // What the planes recorded is known before any of them is drawn. Moments are epochs; steps where the networks of
  // this page do not count the same thing.
  const planes = new Map();
  for (const holder of holders) {
    const about = unpacked(opened(figures[holder.dataset.figure]).usermeta);
    if (about && about.recorded) planes.set(holder, { ...about, view: null, marked: null });
  }
  const clock = [...planes.values()].every((plane) => plane.clock === "epoch") ? "epoch" : "step";
  const moment = clock === "epoch" ? 1 : 0;
  const moments = [...new Set([...planes.values()].flatMap((plane) => plane.recorded.map((at) => at[moment])))];
  moments.sort((a, b) => a - b);
  let position = moments.length - 1;

  function marked(plane) {
    const seen = plane.recorded.filter((at) => at[moment] <= moments[position]);
    return seen.length ? seen[seen.length - 1][0] : -1;
  }

  async function move(holder) {
    const plane = planes.get(holder);
    if (!plane || !plane.view || plane.marked === marked(plane)) return;
    plane.marked = marked(plane);
    await plane.view.signal("step", plane.marked).runAsync();
  }

  async function embed(holder) {
    const spec = unpacked(figures[holder.dataset.figure]);
    const plane = planes.get(holder);
    try {
      if (plane) spec.params[0].value = plane.marked = marked(plane);
      const { view } = await vegaEmbed(holder, spec, options);
      if (plane) plane.view = view;
      holder.querySelector("summary")?.setAttribute("aria-label", "save this figure");
    } catch (reason) {
      holder.textContent = `this figure could not be drawn: ${reason}`;
      console.error(reason);
    }
    await move(holder); // the slider may have moved meanwhile
  }

  const drawing = new Map();
  function draw(holder) {
    if (!drawing.has(holder)) drawing.set(holder, embed(holder));
    return drawing.get(holder);
  }

  const player = document.getElementById("player");
  const near = new Set();
  const seen = new Set(); // the planes that are on the screen
  const fromScreen = (holder) => {
    const { top, bottom } = holder.getBoundingClientRect();
    return Math.max(0, top - innerHeight, -bottom);
  };
  let busy = false;

  async function drawNear() {
    if (busy) return;
    busy = true;
    for (;;) {
      const waiting = [...near].filter((holder) => !drawing.has(holder));
      if (!waiting.length) break;
      delete document.documentElement.dataset.drawn;
      const distances = waiting.map(fromScreen);
      await draw(waiting[distances.indexOf(Math.min(...distances))]);
      await new Promise((resolve) => setTimeout(resolve)); // the page stays responsive between two figures
    }
    busy = false;
    document.documentElement.dataset.drawn = "true"; // all that is near
  }

  async function show(at) {
    position = at;
    const time = moments[at].toLocaleString("en");
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${clock} ${time}`);
    now.value = time;
    await Promise.all([...near].map(move)); // the others follow when they come near
  }

  let timer = null;
  function stop() {
    clearTimeout(timer);
    timer = null;
    play.setAttribute("aria-pressed", "false");
    play.innerHTML = '<span aria-hidden="true">▶</span> Play';
  }

  async function advance() {
    const next = Number(slider.value) + 1;
    await show(next);
    if (timer === null) return;
    if (next >= moments.length - 1) stop();
    else timer = setTimeout(advance, 90);
  }

  if (moments.length > 1) {
    player.hidden = false;
    const looked = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) seen.add(target);
        else seen.delete(target);
      }
      player.classList.toggle("away", !seen.size && !player.contains(document.activeElement));
    });
    for (const holder of planes.keys()) looked.observe(holder);
    document.getElementById("clock").textContent = clock;
    slider.max = moments.length - 1;
    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    play.addEventListener("click", async () => {
      if (timer !== null) return stop();
      play.setAttribute("aria-pressed", "true");
      play.innerHTML = '<span aria-hidden="true">❚❚</span> Pause';
      timer = setTimeout(advance, 90);
      if (Number(slider.value) >= moments.length - 1) await show(0);
    });
    show(moments.length - 1);
  }

  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) near.add(target);
      else near.delete(target);
      move(target);
    }
    drawNear();
  }, { rootMargin: MARGIN });
  for (const holder of holders) watch.observe(holder);

  // Paper has all figures and what is folded. Nothing is awaited but what is already here, so they are drawn before the
  // page is printed.
  let folded = [];
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
  addEventListener("beforeprint", async () => {
    folded = [...document.querySelectorAll("details:not([open]):not(.vega-embed details)")];
    for (const details of folded) details.open = true;
    for (const holder of holders) {
      await draw(holder);
      await move(holder);
    }
  });
})();
