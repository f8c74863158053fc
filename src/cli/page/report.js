"use strict";
(() => {
  const value = (row, column) => (row.cells[column] ? row.cells[column].textContent.trim() : "");
  const number = (text) => Number(text.replace(/[,%\s]/g, "").replace(/^-$/, "-1"));

  const sort = (table, column, header) => {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const down = header.getAttribute("aria-sort") !== "descending" && header.classList.contains("n")
      || header.getAttribute("aria-sort") === "ascending";
    const compare = header.classList.contains("n")
      ? (a, b) => number(value(a, column)) - number(value(b, column))
      : (a, b) => value(a, column).localeCompare(value(b, column));
    rows.sort((a, b) => (down ? -compare(a, b) : compare(a, b)));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows);
  };

  for (const table of document.querySelectorAll("table")) {
    Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, column, header));
      header.append(button);
    });
  }

  const list = document.getElementById("unreviewed");
  if (!list) return;
  const field = document.createElement("input");
  const told = document.createElement("span");
  const search = () => {
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of list.tBodies[0].rows) {
      const text = row.textContent.toLocaleLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = words.length ? shown + " of " + list.tBodies[0].rows.length : "";
  };
  field.type = "search";
  field.placeholder = "Search these messages";
  field.setAttribute("aria-label", "Search these messages");
  field.addEventListener("input", search);
  told.className = "soft";
  told.setAttribute("aria-live", "polite");
  const line = document.createElement("p");
  line.className = "search";
  line.append(field, told);
  list.parentNode.before(line);
})();
