"use strict";
// Joins filters, list and detail of the browser, and switches between the runs of a page.
document.addEventListener("DOMContentLoaded", () => {
  const get = (id) => document.getElementById(id);
  const filters = ["round", "family", "prefix", "rank", "outcome", "order"];
  const any = { family: "all families", prefix: "all prefixes", rank: "all ranks", outcome: "all outcomes" };
  let run = 0;
  let view = null;
  let hits = null;
  let searching = 0;
  let drawing = 0;
  const views = new Map();

  // Every section of a run but the first becomes an element that opens; links to it open it.
  if (report.narrow()) {
    document.querySelectorAll("article.run").forEach((article) => {
      article.querySelectorAll(":scope > section:has(> h3[id])").forEach((section, number) => {
        const fold = report.element("details", "fold");
        fold.open = number === 0;
        fold.append(report.element("summary", "", null, section.querySelector("h3")), ...section.childNodes);
        fold.addEventListener("toggle", () => window.dispatchEvent(new Event("resize"))); // for the charts
        section.append(fold);
      });
    });
    // The explanations of the rows fold into a list below the table.
    document.querySelectorAll("table.stacked:has(.meaning)").forEach((table) => {
      const list = report.element("dl");
      table.querySelectorAll(".meaning").forEach((meaning) => {
        list.append(report.element("dt", "", meaning.previousSibling.textContent), report.element("dd", "", null, ...meaning.childNodes));
        meaning.remove();
      });
      const fold = report.element("details", "", null, report.element("summary", "", "What the rows are"), list);
      table.parentElement.after(fold);
    });
    document.querySelectorAll('nav a[href^="#"]').forEach((link) =>
      link.addEventListener("click", () => {
        const fold = document.querySelector(link.hash).closest("details");
        if (fold) fold.open = true;
      }),
    );
  }

  // A table that is wider than its box says so in its caption.
  const boxes = new ResizeObserver((changed) => {
    for (const { target } of changed) target.classList.toggle("wide", target.scrollWidth > target.clientWidth + 1);
  });
  document.querySelectorAll(".scroll:has(> table)").forEach((box) => boxes.observe(box));

  const list = new report.WindowedList(get("question-list"), {
    rowHeight: 56,
    draw: (item) => view.draw(item),
    choose: async (item) => {
      const mine = ++drawing;
      const parts = item ? await view.detail(item) : [report.element("p", "missing", "No question matches.")];
      if (mine !== drawing) return; // another one was chosen meanwhile
      get("question-detail").replaceChildren(...parts);
      get("question-detail").scrollTop = 0;
    },
  });

  const kind = () => document.querySelector("input[name=view]:checked").value;
  const indexOf = () => report.index.runs[run];

  function currentIndex() {
    if (kind() === "held-out") return indexOf().held_out;
    return indexOf().candidates.find((each) => String(each.round) === get("filter-round").value) || null;
  }

  async function changeView() {
    const rounds = kind() === "held-out" ? [] : indexOf().candidates.map((each) => [String(each.round), `round ${each.round}`]);
    report.fillSelect(get("filter-round"), rounds.reverse());
    get("filter-round").parentElement.hidden = !rounds.length;
    const index = currentIndex();
    get("browser-missing").hidden = Boolean(index);
    if (!index) {
      list.show([]);
      return;
    }
    if (!views.has(index)) views.set(index, kind() === "held-out" ? new report.HeldOutView(index) : new report.CandidateView(index));
    const chosen = views.get(index);
    await chosen.load();
    view = chosen;
    const choices = { ...view.choices(), family: view.families().map((family) => [family, family]) };
    for (const name of ["family", "prefix", "rank", "outcome"]) {
      const select = get(`filter-${name}`);
      select.parentElement.hidden = !choices[name];
      report.fillSelect(select, [["", any[name]], ...(choices[name] || [])]);
    }
    report.fillSelect(get("filter-order"), choices.order);
    hits = null;
    await update();
  }

  function filter() {
    const value = (name) => get(`filter-${name}`).value;
    return { text: get("search").value.trim(), hits, ...Object.fromEntries(filters.map((name) => [name, value(name)])) };
  }

  function show() {
    if (!view) return;
    const began = performance.now();
    const found = view.matching(filter());
    get("browser-status").textContent = view.countText(found);
    list.show(found);
    report.lastSearchMilliseconds = performance.now() - began;
  }

  async function update() {
    searching++;
    hits = null;
    get("browser-progress").hidden = true;
    show();
    const words = get("search").value.trim().toLowerCase();
    get("search-hint").hidden = !words || get("full-text").checked;
    if (words && get("full-text").checked) await searchTexts(words);
  }

  // Goes through all texts chunk by chunk; a new search ends it.
  async function searchTexts(words) {
    const mine = searching;
    const chosen = view;
    const progress = get("browser-progress");
    const { chunks } = chosen.index;
    progress.max = chunks.length;
    progress.value = 0;
    progress.hidden = false;
    const found = new Map();
    let position = 0;
    for (const [number, size] of chunks) {
      const contents = number === null ? [] : await report.unpack(number);
      if (mine !== searching || chosen !== view) return;
      contents.forEach((content, offset) => {
        const inside = chosen.hitsIn(content, words);
        if (inside) found.set(position + offset, inside);
      });
      position += size;
      progress.value++;
      get("browser-status").textContent = `Searching the texts: ${progress.value} of ${chunks.length} parts, ${report.counted(found.size, "question", "questions")} found`;
      await new Promise((done) => setTimeout(done));
      if (mine !== searching || chosen !== view) return;
    }
    progress.hidden = true;
    hits = found;
    show();
  }

  let typing = null;
  get("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(update, 60);
  });
  get("full-text").addEventListener("change", update);
  get("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const name of filters) get(`filter-${name}`).addEventListener("change", name === "round" ? changeView : update);
  document.querySelectorAll("input[name=view]").forEach((each) => each.addEventListener("change", changeView));
  get("filter-reset").addEventListener("click", () => {
    get("search").value = "";
    get("full-text").checked = false;
    for (const name of ["family", "prefix", "rank", "outcome"]) get(`filter-${name}`).value = "";
    get("filter-order").selectedIndex = 0;
    if (get("filter-round").selectedIndex > 0) {
      get("filter-round").selectedIndex = 0; // the last round, as at first
      changeView();
    } else update();
  });

  // A cell of a prefix grid shows its candidates.
  document.querySelectorAll("button.prefix").forEach((button) =>
    button.addEventListener("click", async () => {
      document.querySelector("input[name=view][value=candidates]").checked = true;
      await changeView();
      get("filter-round").value = button.dataset.round;
      await changeView();
      const number = currentIndex().prefixes.indexOf(button.dataset.prefix);
      get("filter-prefix").value = String(number);
      await update();
      get("browser").scrollIntoView();
      get("question-list").focus();
    }),
  );

  // A page of several runs shows one of them at a time.
  function changeRun() {
    const choice = get("run-choice");
    run = choice ? Number(choice.value) : 0;
    document.querySelectorAll("article.run").forEach((article, number) => {
      article.hidden = number !== run;
    });
    document.querySelectorAll('nav a[href^="#run-"]').forEach((link) => {
      link.hash = link.hash.replace(/^#run-\d+/, `#run-${run}`);
    });
    report.drawCurves(run);
    if (!indexOf().candidates.length && indexOf().held_out) document.querySelector("input[value=held-out]").checked = true;
    changeView();
  }
  if (get("run-choice")) get("run-choice").addEventListener("change", changeRun);
  changeRun();
});
