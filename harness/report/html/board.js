// The board sorted by any column: a click on its name, and again for the other way round.
"use strict";
(() => {
  const body = document.querySelector("#board tbody");
  const heads = [...document.querySelectorAll("#board th")];
  const value = (row, column) => {
    const cell = row.cells[column];
    const key = cell.querySelector("[data-key]")?.dataset.key ?? cell.textContent.trim();
    return key !== "" && Number.isFinite(Number(key)) ? Number(key) : key.toLowerCase();
  };
  const compare = (one, two) => {
    if (typeof one === typeof two) return one < two ? -1 : one > two ? 1 : 0;
    return typeof one === "number" ? -1 : 1; // what has no number stands last
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const way = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const one of heads) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      body.append(...[...body.rows].sort((one, two) => sign * compare(value(one, column), value(two, column))));
    });
  });
})();
