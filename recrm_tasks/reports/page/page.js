"use strict";

// Theme: the system's, until the reader chooses.
const themes = ["system", "light", "dark"];
const system = window.matchMedia("(prefers-color-scheme: dark)");
let theme = 0;
function paint() {
  const dark = themes[theme] === "dark" || (themes[theme] === "system" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.getElementById("theme").textContent = `theme: ${themes[theme]}`;
}
document.getElementById("theme").addEventListener("click", () => { theme = (theme + 1) % themes.length; paint(); });
system.addEventListener("change", paint);
paint();

// Tables: a click on a heading sorts, largest numbers first; undefined ones stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.tabIndex = 0;
    heading.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); heading.click(); }
    });
    heading.addEventListener("click", () => {
      const numeric = "number" in heading.dataset;
      const before = heading.getAttribute("aria-sort");
      const down = before ? before === "ascending" : numeric;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: keyOf(row.cells[column], numeric) }));
      const known = rows.filter(({ key }) => key !== null);
      known.sort((a, b) => (numeric ? a.key - b.key : a.key.localeCompare(b.key, undefined, { numeric: true })) * (down ? -1 : 1));
      table.tBodies[0].append(...known.map(({ row }) => row), ...rows.filter(({ key }) => key === null).map(({ row }) => row));
    });
  });
}
function keyOf(cell, numeric) {
  const text = cell.dataset.v ?? cell.textContent.trim();
  if (!numeric) return text;
  return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
}

// Boxes of tables and plots that are wider than the window say so.
function mark(box) { box.classList.toggle("scrolls", box.scrollWidth > box.clientWidth + 1); }
const watched = new ResizeObserver((changes) => changes.forEach(({ target }) => mark(target)));
document.querySelectorAll(".wide, .plot").forEach((box) => watched.observe(box));

// Records: unpacked when a browser is opened, filtered as the reader types, shown page by page.
const SHOWN = 50;
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}
async function unpack(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}
const browsers = new Map();
for (const box of document.querySelectorAll("details.browser")) {
  box.addEventListener("toggle", () => browsers.set(box, open(box)), { once: true });
}
// An address such as #sample-factual:only-a:0:1 shows what run 0 has right and run 1 has not.
async function follow() {
  const [anchor, show, a, b] = decodeURIComponent(location.hash.slice(1)).split(":");
  const box = b === undefined ? null : document.getElementById(anchor)?.querySelector("details.browser");
  if (!box) return;
  box.open = true;
  if (!browsers.has(box)) await new Promise((opened) => box.addEventListener("toggle", opened, { once: true }));
  await browsers.get(box);
  for (const [name, value] of [["a", a], ["b", b], ["show", show]]) {
    const control = box.querySelector(`.${name}`);
    for (const option of control.options) option.disabled = false;
    control.value = value;
  }
  box.querySelector(".show").dispatchEvent(new Event("change"));
  box.scrollIntoView();
}
window.addEventListener("hashchange", follow);
for (const link of document.querySelectorAll('a[href*=":only-"]')) {
  link.addEventListener("click", () => { if (location.hash === link.getAttribute("href")) follow(); });
}
follow();
async function open(box) {
  const find = (name) => box.querySelector(name);
  const list = find(".records");
  const [a, b, show, search] = [".a", ".b", ".show", ".search"].map(find);
  let content;
  find(".count").textContent = "unpacking …";
  try {
    content = await unpack(box.dataset.blob);
  } catch (error) {
    find(".count").textContent = `the records cannot be unpacked: ${error}`;
    return;
  }
  for (const record of content.records) {
    const asked = record.prompts.flatMap(([turns]) => turns.map((turn) => turn[1]));
    record.text = [record.id, record.gold, ...asked, ...record.answers.map((answer) => answer[3])].join("\n").toLowerCase();
  }
  let matching = [];
  let page = 0;
  const answersOf = (record, run) => (run === "" ? [] : record.answers.filter((answer) => answer[0] === Number(run)));
  const all = (answers, state) => answers.length > 0 && answers.every((answer) => answer[2] === state);
  const reading = (answers) => answers.map((answer) => answer[1]).join("; ");
  function wanted(record) {
    const [one, other] = [answersOf(record, a.value), answersOf(record, b.value)];
    switch (show.value) {
      case "all": return one.length > 0 || other.length > 0;
      case "differ": return one.length > 0 && other.length > 0 && reading(one) !== reading(other);
      case "only-a": return all(one, "right") && other.length > 0 && !all(other, "right");
      case "only-b": return all(other, "right") && one.length > 0 && !all(one, "right");
      default: return all(one, show.value);
    }
  }
  function filter() {
    if (show.selectedOptions[0].disabled) show.value = "all";
    const words = search.value.toLowerCase().trim();
    matching = content.records.filter((record) => wanted(record) && (words === "" || record.text.includes(words)));
    page = 0;
    draw();
  }
  function draw() {
    const start = page * SHOWN;
    const of = content.records.length < Number(box.dataset.total) ? ` (the run has ${box.dataset.total})` : "";
    find(".count").textContent = `${matching.length} of ${content.records.length}${of}`;
    find(".where").textContent = matching.length ? `${start + 1} – ${Math.min(start + SHOWN, matching.length)}` : "none";
    find(".back").disabled = page === 0;
    find(".on").disabled = start + SHOWN >= matching.length;
    list.replaceChildren(...matching.slice(start, start + SHOWN).map(lineOf));
  }
  function lineOf(record) {
    const item = element("li");
    const line = element("button", undefined, "line");
    line.type = "button";
    line.setAttribute("aria-expanded", "false");
    line.append(element("span", record.id), element("span", record.lang), element("span", `gold ${record.gold}`));
    for (const run of [a.value, b.value]) {
      const cell = element("span");
      cell.append(...answersOf(record, run).map((answer) => element("span", `${answer[1]} `, answer[2])));
      line.append(cell);
    }
    line.addEventListener("click", () => {
      const opened = line.getAttribute("aria-expanded") === "true";
      line.setAttribute("aria-expanded", String(!opened));
      if (opened) item.lastChild.remove();
      else item.append(detailOf(record));
    });
    item.append(line);
    return item;
  }
  function detailOf(record) {
    const detail = element("div", undefined, "detail");
    const chosen = (answer) => [a.value, b.value].includes(String(answer[0]));
    const asked = record.prompts.map(([turns, gold], place) => {
      const answers = record.answers.filter((answer) => answer[4] === place).sort((one, other) => chosen(other) - chosen(one));
      return { turns, gold, answers };
    });
    asked.sort((one, other) => other.answers.some(chosen) - one.answers.some(chosen));
    for (const { turns, gold, answers } of asked) {
      for (const [role, text] of turns) detail.append(element("h4", role), element("pre", text));
      for (const [run, read, state, said] of answers) {
        const heading = element("h4", `${content.runs[run]}: `);
        heading.append(element("span", read, state), state === "unreadable" ? ` (gold ${gold})` : ` (${state}; gold ${gold})`);
        detail.append(heading, element("pre", said === "" ? "(nothing)" : said));
      }
    }
    return detail;
  }
  function needsTwo() {
    for (const option of show.options) option.disabled = b.value === "" && ["differ", "only-a", "only-b"].includes(option.value);
  }
  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
  for (const control of [a, b, show]) control.addEventListener("change", () => { needsTwo(); filter(); });
  find(".back").addEventListener("click", () => { page -= 1; draw(); });
  find(".on").addEventListener("click", () => { page += 1; draw(); });
  if (content.runs.length > 1) b.value = "1";
  needsTwo();
  filter();
}
