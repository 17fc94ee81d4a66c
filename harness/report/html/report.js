// The questions of a run, filtered, searched and paged, each with its passage on demand.
// Everything shown is set as text: nothing of a card, a question or an answer is ever read as markup.
"use strict";
(() => {
  const PER_PAGE = 50;
  const [ID, ARTICLE, HAS_ANSWER, SAID, EXACT, F1, OTHER_EXACT, OTHER_SAID] = [0, 1, 2, 3, 4, 5, 6, 7];
  const [TEXT, PASSAGE, GOLD] = [0, 1, 2];
  const data = JSON.parse(document.getElementById("rows").textContent);
  const { articles, rows, asked, passages, has_published: hasPublished } = data;
  const FILTERS = {
    all: () => true,
    wrong: (row) => row[EXACT] < 1,
    right: (row) => row[EXACT] >= 1,
    unanswerable: (row) => !row[HAS_ANSWER],
    unanswered: (row) => row[SAID] === "",
    gained: (row) => row.length > OTHER_EXACT && row[EXACT] > row[OTHER_EXACT],
    lost: (row) => row.length > OTHER_EXACT && row[EXACT] < row[OTHER_EXACT],
  };
  const golds = (n) => (asked ? asked[n].slice(GOLD) : []);
  const text = rows.map((row, n) =>
    [row[ID], articles[row[ARTICLE]], row[SAID], asked?.[n][TEXT] ?? "", ...golds(n).map(([gold]) => gold)].join("\n").toLowerCase());
  const at = (id) => document.getElementById(id);
  const chips = [...document.querySelectorAll(".chip")];
  let filter = "all";
  let found = [];
  let page = 0;

  const make = (kind, value, look) => {
    const made = document.createElement(kind);
    if (value !== undefined) made.textContent = value;
    if (look) made.className = look;
    return made;
  };
  const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(3));
  const cell = (name, value, look) => {
    const made = make("td");
    made.dataset.name = name;
    made.append(make("span", value, look));
    return made;
  };
  const answer = (name, said) => (said === "" ? cell(name, "no answer", "none") : cell(name, said));
  const gold = (row, n) => {
    if (!row[HAS_ANSWER]) return cell("gold", "no answer", "none");
    return asked ? cell("gold", golds(n).map(([one]) => one).join(" / ")) : cell("gold", "has an answer");
  };
  const published = (row) => {
    if (row.length <= OTHER_EXACT) return cell("published weights", "not scored", "none");
    const said = row.length > OTHER_SAID ? row[OTHER_SAID] || "no answer" : "the same";
    const isRight = row[OTHER_EXACT] >= 1;
    return cell("published weights", `${isRight ? "✓" : "✗"} ${said}`, isRight ? "yes" : "no");
  };
  // The passage in pieces, its gold answers and the student's marked; a start counts characters, as Python does.
  const marked = (n) => {
    const passage = [...passages[asked[n][PASSAGE]]];
    const spans = golds(n).map(([one, start]) => ({ start, end: start + [...one].length, look: "gold" }));
    const said = rows[n][SAID];
    const whole = passage.join("");
    const from = said === "" ? -1 : whole.indexOf(said);
    if (from >= 0) {
      const start = [...whole.slice(0, from)].length;
      spans.push({ start, end: start + [...said].length, look: "said" });
    }
    const edges = [...new Set([0, passage.length, ...spans.flatMap(({ start, end }) => [start, end])])];
    edges.sort((one, two) => one - two);
    const made = make("p", undefined, "passage");
    edges.slice(1).forEach((end, k) => {
      const looks = spans.filter((span) => span.start <= edges[k] && end <= span.end).map((span) => span.look);
      const piece = passage.slice(edges[k], end).join("");
      made.append(looks.length ? make("mark", piece, [...new Set(looks)].join(" ")) : piece);
    });
    return made;
  };
  const turnOver = (n, row, button) => {
    if (row.nextElementSibling?.classList.contains("opened")) {
      row.nextElementSibling.remove();
      button.setAttribute("aria-expanded", "false");
      return;
    }
    const opened = make("tr", undefined, "opened");
    const inside = opened.appendChild(make("td"));
    inside.colSpan = row.cells.length;
    inside.append(marked(n), make("p", "green: a gold answer; underlined: the answer given", "note"));
    row.after(opened);
    button.setAttribute("aria-expanded", "true");
  };
  const question = (n, row) => {
    const made = make("td");
    made.dataset.name = "question";
    const inner = made.appendChild(make("span"));
    if (asked) {
      const button = inner.appendChild(make("button", asked[n][TEXT], "question"));
      button.type = "button";
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => turnOver(n, row, button));
    }
    inner.append(make("small", `${articles[rows[n][ARTICLE]]} · ${rows[n][ID]}`));
    return made;
  };
  const line = (n) => {
    const row = rows[n];
    const made = document.createElement("tr");
    made.append(
      question(n, made),
      gold(row, n),
      answer("answer", row[SAID]),
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
    at("questions").replaceChildren(...found.slice(start, start + PER_PAGE).map(line));
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
})();
