// Draws the figures and moves every information plane on the page to one moment of training.
(async () => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const options = {
    mode: "vega-lite", renderer: "svg", downloadFileName: "infoscope",
    actions: { export: true, source: false, compiled: false, editor: false },
  };
  const planes = [];
  for (const holder of document.querySelectorAll("[data-figure]")) {
    const spec = figures[holder.dataset.figure];
    try {
      const { view } = await vegaEmbed(holder, spec, options);
      if (spec.usermeta && spec.usermeta.recorded) planes.push({ view, ...spec.usermeta });
    } catch (reason) {
      holder.textContent = `this figure could not be drawn: ${reason}`;
      console.error(reason);
    }
  }

  const play = document.getElementById("play");
  const slider = document.getElementById("step");
  const now = document.getElementById("now");
  // Moments are epochs; steps where the networks of this page do not count the same thing.
  const clock = planes.every((plane) => plane.clock === "epoch") ? "epoch" : "step";
  const moment = clock === "epoch" ? 1 : 0;
  const moments = [...new Set(planes.flatMap((plane) => plane.recorded.map((at) => at[moment])))].sort((a, b) => a - b);
  let timer = null;

  async function show(position) {
    const at = moments[position];
    slider.value = position;
    const text = `${clock} ${at.toLocaleString("en")}`;
    now.value = at.toLocaleString("en");
    slider.setAttribute("aria-valuetext", text);
    await Promise.all(planes.map((plane) => {
      const seen = plane.recorded.filter((recorded) => recorded[moment] <= at);
      return plane.view.signal("step", seen.length ? seen[seen.length - 1][0] : -1).runAsync();
    }));
  }

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
    document.getElementById("player").hidden = false;
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
    await show(moments.length - 1);
  }
  document.documentElement.dataset.drawn = "true";
})();
