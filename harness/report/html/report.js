// The questions of a run, filtered, searched and paged; and the card's lines beside what they became.
// Everything shown is set as text: nothing of a card or an answer is ever read as markup.
"use strict";
(() => {
  const PER_PAGE = 50;
  const [ID, ARTICLE, HAS_ANSWER, SAID, EXACT, F1, OTHER_EXACT, OTHER_SAID] = [0, 1, 2, 3, 4, 5, 6, 7];
  const { articles, rows, has_published: hasPublished } = JSON.parse(document.getElementById("rows").textContent);
  const FILTERS = {
    all: () => true,
    wrong: (row) => row[EXACT] < 1,
    right: (row) => row[EXACT] >= 1,
    unanswerable: (row) => !row[HAS_ANSWER],
    unanswered: (row) => row[SAID] === "",
    gained: (row) => row.length > OTHER_EXACT && row[EXACT] > row[OTHER_EXACT],
    lost: (row) => row.length > OTHER_EXACT && row[EXACT] < row[OTHER_EXACT],
  };
  const text = rows.map((row) => `${row[ID]}\n${articles[row[ARTICLE]]}\n${row[SAID]}`.toLowerCase());
  const at = (id) => document.getElementById(id);
  const chips = [...document.querySelectorAll(".chip")];
  let filter = "all";
  let found = [];
  let page = 0;

  const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(3));
  const cell = (name, value, look) => {
    const made = document.createElement("td");
    made.dataset.name = name;
    const inner = made.appendChild(document.createElement("span"));
    inner.textContent = value;
    if (look) inner.className = look;
    return made;
  };
  const answer = (name, said) => (said === "" ? cell(name, "no answer", "none") : cell(name, said));
  const published = (row) => {
    if (row.length <= OTHER_EXACT) return cell("published weights", "not scored", "none");
    const said = row.length > OTHER_SAID ? row[OTHER_SAID] || "no answer" : "the same";
    const isRight = row[OTHER_EXACT] >= 1;
    return cell("published weights", `${isRight ? "✓" : "✗"} ${said}`, isRight ? "yes" : "no");
  };
  const line = (row) => {
    const made = document.createElement("tr");
    made.append(
      cell("question", row[ID]),
      cell("article", articles[row[ARTICLE]]),
      cell("gold", row[HAS_ANSWER] ? "has an answer" : "no answer"),
      answer("prediction", row[SAID]),
      cell("exact", number(row[EXACT]), row[EXACT] >= 1 ? "yes" : "no"),
      cell("f1", number(row[F1])),
    );
    if (hasPublished) made.append(published(row));
    return made;
  };
  const draw = () => {
    const nPages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    page = Math.min(Math.max(page, 0), nPages - 1);
    const start = page * PER_PAGE;
    at("questions").replaceChildren(...found.slice(start, start + PER_PAGE).map((n) => line(rows[n])));
    at("place").textContent = `page ${page + 1} of ${nPages}`;
    at("earlier").disabled = page === 0;
    at("later").disabled = page === nPages - 1;
  };
  const select = () => {
    const wanted = at("search").value.trim().toLowerCase();
    const keep = FILTERS[filter];
    found = [];
    for (let n = 0; n < rows.length; n += 1) if (keep(rows[n]) && text[n].includes(wanted)) found.push(n);
    page = 0;
    at("count").textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} questions`;
    draw();
  };
  for (const chip of chips) {
    chip.querySelector(".n").textContent = rows.filter(FILTERS[chip.dataset.filter]).length.toLocaleString("en");
    chip.addEventListener("click", () => {
      filter = chip.dataset.filter;
      for (const one of chips) one.setAttribute("aria-pressed", String(one === chip));
      select();
    });
  }
  at("search").addEventListener("input", select);
  const turn = (by) => () => { page += by; draw(); };
  at("earlier").addEventListener("click", turn(-1));
  at("later").addEventListener("click", turn(1));
  select();

  const box = document.querySelector(".text");
  const lines = new Map([...box.children].map((one) => [one.dataset.line, one]));
  const settings = [...document.querySelectorAll("[data-lines]")].map((one) => [one, one.dataset.lines.split(" ")]);
  let held = null;
  const light = (thing) => {
    for (const one of document.querySelectorAll(".lit")) one.classList.remove("lit");
    if (!thing) return;
    const numbers = thing.dataset.line ? [thing.dataset.line] : thing.dataset.lines.split(" ");
    for (const one of numbers) lines.get(one)?.classList.add("lit");
    for (const [one, its] of settings) if (one === thing || its.some((n) => numbers.includes(n))) one.classList.add("lit");
    const first = lines.get(numbers[0]);
    if (first && !thing.dataset.line) {
      box.scrollTop += first.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
    }
  };
  const bring = (thing) => {
    const first = settings.find(([, its]) => its.includes(thing.dataset.line));
    if (thing.dataset.line && first) first[0].scrollIntoView({ block: "nearest", behavior: "smooth" });
  };
  const hold = (thing) => {
    held = held === thing ? null : thing;
    light(held);
    if (held) bring(held);
  };
  for (const thing of [...box.querySelectorAll(".used"), ...settings.map(([one]) => one)]) {
    thing.addEventListener("mouseenter", () => { if (!held) light(thing); });
    thing.addEventListener("mouseleave", () => { if (!held) light(null); });
    thing.addEventListener("click", () => hold(thing));
    thing.addEventListener("keydown", (event) => {
      if (event.key === "Enter") hold(thing);
      if (event.key === "Escape") { held = null; light(null); }
    });
  }
})();
