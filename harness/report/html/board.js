// The board: each table sorted by any column, rows filtered by outcome and words, and all cards in one table at will.
"use strict";
(() => {
  const board = document.getElementById("board");
  const sections = [...board.querySelectorAll(".of-card")];
  const bodies = sections.map((one) => one.querySelector("tbody"));
  const rows = bodies.map((body) => [...body.rows]);
  const all = rows.flat();
  const chips = [...document.querySelectorAll(".chip")];
  const search = document.getElementById("search");
  const group = document.getElementById("group");
  let outcome = "";
  let sorting = null; // [column, sign]

  const value = (row, column) => {
    const cell = row.cells[column];
    const key = cell.querySelector("[data-key]")?.dataset.key ?? cell.textContent.trim();
    return key !== "" && Number.isFinite(Number(key)) ? Number(key) : key.toLowerCase();
  };
  const compare = (one, two) => {
    if (typeof one === typeof two) return one < two ? -1 : one > two ? 1 : 0;
    return typeof one === "number" ? -1 : 1; // what has no number stands last
  };
  const sorted = (some) => {
    if (!sorting) return some;
    const [column, sign] = sorting;
    return [...some].sort((one, two) => sign * compare(value(one, column), value(two, column)));
  };
  const show = () => {
    const isGrouped = group.getAttribute("aria-pressed") === "true";
    board.classList.toggle("flat", !isGrouped);
    const wanted = search.value.trim().toLowerCase();
    const isKept = (row) => (outcome === "" || row.dataset.outcome === outcome) && row.textContent.toLowerCase().includes(wanted);
    for (const row of all) row.hidden = !isKept(row);
    bodies.forEach((body, n) => body.replaceChildren(...sorted(isGrouped ? rows[n] : n === 0 ? all : [])));
    sections.forEach((one, n) => { one.hidden = !bodies[n].rows.length || (isGrouped && rows[n].every((row) => row.hidden)); });
    document.getElementById("count").textContent = `${all.filter((row) => !row.hidden).length} of ${all.length}`;
  };
  for (const section of sections) {
    [...section.querySelectorAll("th")].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        sorting = [column, way === "ascending" ? 1 : -1];
        for (const one of board.querySelectorAll("th")) one.removeAttribute("aria-sort");
        for (const one of sections) one.querySelectorAll("th")[column].setAttribute("aria-sort", way);
        show();
      });
    });
  }
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      outcome = chip.dataset.outcome;
      for (const one of chips) one.setAttribute("aria-pressed", String(one === chip));
      show();
    });
  }
  group.addEventListener("click", () => {
    group.setAttribute("aria-pressed", String(group.getAttribute("aria-pressed") !== "true"));
    show();
  });
  search.addEventListener("input", show);
  show();
})();
