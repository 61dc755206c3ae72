"use strict";
// What the page does beyond showing: theme, shades, panels, and a table that sorts and filters.
// Everything shown is built from text nodes; nothing that a model holds is ever markup.
(() => {
  const MATH = "http://www.w3.org/1998/Math/MathML";
  const MOST = 64; // layers that a panel lists

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // A tree of a formula as MathML: with the names of its symbols, or with numbers for them.
  const math = (tree, numbers) => {
    if (typeof tree === "string") return tree;
    const [name, ...children] = tree;
    if (name === "symbol") {
      return numbers ? math(["mn", numbers[children[0]] ?? children[0]]) : math(children[1]);
    }
    const element = document.createElementNS(MATH, name);
    element.append(...children.map((child) => math(child, numbers)));
    return element;
  };

  const formula = (title, sign, tree, numbers, value) => {
    const line = (mark, ...content) => make("div", {}, make("span", {}, mark), ...content);
    const written = (given) => {
      const element = document.createElementNS(MATH, "math");
      element.setAttribute("displaystyle", "true");
      element.append(math(tree, given));
      return element;
    };
    return make("div", { class: "formula" }, make("p", {}, title),
      line(sign, written(null)), line("=", written(numbers)), line("=", make("strong", {}, value)));
  };

  const SIGNS = { "is-added": "+", "is-removed": "\u2212", "is-changed": "~" };
  const TITLES = { params: "params", madds: "madds", ops: "other operations", memory_access: "memory access, elements" };

  const formulas = (data, number) => {
    const operator = data.operators[data.layers[number]];
    if (!operator) return [make("p", { class: "quiet" }, "No formula with numbers for this layer.")];
    const trees = data.formulas[operator.formulas];
    const parts = Object.keys(TITLES).filter((key) => trees[key]).map((key) =>
      formula(TITLES[key], "=", trees[key], operator.dims, operator.values[key]));
    if (trees.least) {
      parts.push(formula("bound: memory access at B madds, with the best widths", "\u2265",
        trees.least, operator.dims, operator.values.least));
      const more = operator.ungrouped ? `; with one group the bound is ${operator.ungrouped}` : "";
      parts.push(make("p", {}, `It moves ${operator.excess}\u00d7 this bound${more}.`));
    }
    return parts;
  };

  // ---- one model -------------------------------------------------------------------------------

  const setUp = (model) => {
    const data = JSON.parse(model.querySelector('script[type="application/json"]').textContent);
    const map = model.querySelector(".stage > .map");
    const panel = model.querySelector(".panel");
    const body = model.querySelector("table.layers tbody");
    const rows = [...body.rows];
    const boxes = [...map.querySelectorAll("a.box")];
    const template = (id) => document.getElementById(`${id}-panel`);
    const layersOf = (id) => (template(id).dataset.layers || "").split(" ").filter(Boolean).map(Number);

    // Shades
    const radios = [...model.querySelectorAll('.graph input[type="radio"]')];
    const shade = (root) => {
      const key = radios.find((radio) => radio.checked).value;
      for (const box of root.querySelectorAll("a.box")) {
        const state = [...box.classList].find((name) => name.startsWith("is-"));
        const [step, text] = key === "change" ? ["", SIGNS[state] ?? ""] : data.boxes[box.id][key];
        const face = key === "change" ? "" : key === "findings" ? `level-${step}` : `shade-${step}`;
        const dim = box.classList.contains("dim") ? "dim" : "";
        box.setAttribute("class", ["box", face, state, dim].filter(Boolean).join(" "));
        box.querySelector(".share").textContent = text;
      }
      model.querySelector(".scale").hidden = key === "findings" || key === "change";
    };
    radios.forEach((radio) => radio.addEventListener("change", () => shade(model)));
    shade(model);

    // Panels
    const title = () => panel.querySelector("h3").textContent;
    const entry = (number, open) => {
      const cell = (place) => rows[number].cells[place].textContent;
      const details = make("details", {}, make("summary", {},
        make("span", { class: "cost" }, cell(7)),
        `${cell(1)} ${cell(2)} `, make("span", { class: "code" }, cell(0) === title() ? "" : cell(0))));
      details.addEventListener("toggle", () => {
        if (details.childElementCount > 1) return;
        details.append(make("p", { class: "quiet" }, [cell(3), ...extra(number)].filter(Boolean).join(" \u00b7 ")),
          ...formulas(data, number));
      });
      details.open = open;
      return details;
    };
    const extra = (number) => (rows[number].dataset.name ? [rows[number].dataset.name] : []);

    const close = () => {
      if (panel.hidden) return;
      const current = boxes.find((box) => box.hasAttribute("aria-current"));
      panel.hidden = true;
      panel.replaceChildren();
      boxes.forEach((box) => box.removeAttribute("aria-current"));
      history.replaceState(null, "", `#${model.id}-graph`);
      (current || boxes[0])?.focus({ preventScroll: true });
    };

    const open = (id) => {
      const held = template(id);
      const shut = make("button", { type: "button", class: "close" }, "Close");
      shut.addEventListener("click", close);
      panel.replaceChildren(held.content.cloneNode(true));
      const outer = panel.querySelector(".trail a")?.getAttribute("href").slice(1) || id;
      boxes.forEach((box) => box.removeAttribute("aria-current"));
      boxes.find((box) => box.id === outer)?.setAttribute("aria-current", "true");
      const numbers = layersOf(id);
      const list = make("div", {}, make("h4", {}, numbers.length === 1 ? "1 layer" : `${numbers.length} layers`));
      numbers.slice(0, MOST).forEach((number, place) => list.append(entry(number, place === 0 && numbers.length < 4)));
      const show = make("button", { type: "button" }, "Show in the table");
      show.addEventListener("click", () => {
        only = { title: title(), rows: new Set(numbers) };
        filter();
        search.scrollIntoView({ block: "start" });
        search.focus({ preventScroll: true });
      });
      if (numbers.length > MOST) list.append(make("p", { class: "more" }, `and ${numbers.length - MOST} more`));
      panel.append(list, show);
      panel.querySelector("h3").after(shut);
      panel.hidden = false;
      keys(panel.querySelector(".map"));
      shade(panel);
      panel.scrollTop = 0;
      panel.querySelector("h3").focus({ preventScroll: true });
      const { top } = panel.getBoundingClientRect();
      if (top < 0 || top > innerHeight / 2) panel.scrollIntoView({ block: "start" });
    };
    model.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !panel.hidden) close();
    });

    // Arrow keys between boxes: the nearest in their direction, else the next or the last.
    const keys = (root) => {
      if (!root) return;
      const all = [...root.querySelectorAll("a.box")];
      all.forEach((box, place) => box.setAttribute("tabindex", place ? "-1" : "0"));
      const aim = {
        ArrowDown: (a, b) => [b.top - a.top, Math.abs(b.left - a.left), 90],
        ArrowUp: (a, b) => [a.top - b.top, Math.abs(b.left - a.left), 90],
        ArrowRight: (a, b) => [b.left - a.left, Math.abs(b.top - a.top), 1e9],
        ArrowLeft: (a, b) => [a.left - b.left, Math.abs(b.top - a.top), 1e9],
      };
      root.addEventListener("keydown", (event) => {
        const from = event.target.closest("a.box");
        if (!from || !(event.key in aim || event.key === "Home" || event.key === "End")) return;
        event.preventDefault();
        const here = from.getBoundingClientRect();
        let best = null;
        let least = Infinity;
        for (const box of event.key in aim ? all : []) {
          const [along, across, most] = aim[event.key](here, box.getBoundingClientRect());
          if (along > 1 && across < most && along + 3 * across < least) {
            least = along + 3 * across;
            best = box;
          }
        }
        const place = all.indexOf(from);
        const next = { Home: 0, End: all.length - 1, ArrowDown: place + 1, ArrowUp: place - 1 }[event.key];
        best ??= all[next];
        if (!best) return;
        from.setAttribute("tabindex", "-1");
        best.setAttribute("tabindex", "0");
        best.focus();
      });
    };
    keys(map);

    // Table: filter
    const search = model.querySelector('.layers input[type="search"]');
    const operator = model.querySelector(".layers select");
    const blamed = model.querySelector('.layers input[type="checkbox"]');
    const told = model.querySelector(".layers output");
    const whole = told.textContent;
    const clear = make("button", { type: "button", hidden: "" }, "Clear");
    told.after(clear);
    let only = null;
    const text = rows.map((row) => `${row.textContent} ${row.dataset.name || ""}`.toLowerCase());
    const place = new Map(rows.map((row, number) => [row, number]));
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const shown = new Set();
      rows.forEach((row, number) => {
        const fits = words.every((word) => text[number].includes(word))
          && (!operator.value || row.cells[1].textContent === operator.value)
          && (!blamed.checked || row.querySelector("td a"))
          && (!only || only.rows.has(number));
        row.hidden = !fits;
        if (fits) shown.add(number);
      });
      const all = shown.size === rows.length;
      told.textContent = all ? whole : `${shown.size} of ${rows.length} layers${only ? ` in ${only.title}` : ""}`;
      clear.hidden = all;
      for (const box of boxes) {
        box.classList.toggle("dim", !all && !layersOf(box.id).some((number) => shown.has(number)));
      }
    };
    [search, operator, blamed].forEach((control) => control.addEventListener("input", filter));
    clear.addEventListener("click", () => {
      search.value = operator.value = "";
      blamed.checked = false;
      only = null;
      filter();
      search.focus();
    });

    // Table: sort by a column, the other way round, and back to the order of execution
    const heads = [...model.querySelectorAll("table.layers thead th")];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const numeric = rows.some((row) => row.cells[column].dataset.v !== undefined);
      const turns = numeric ? ["descending", "ascending", null] : ["ascending", "descending", null];
      const turn = turns[turns.indexOf(head.getAttribute("aria-sort")) + 1] ?? (head.hasAttribute("aria-sort") ? null : turns[0]);
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      if (turn) head.setAttribute("aria-sort", turn);
      const value = (row) => numeric ? Number(row.cells[column].dataset.v ?? -1) : row.cells[column].textContent;
      const compare = numeric ? (a, b) => value(a) - value(b)
        : (a, b) => value(a).localeCompare(value(b), "en", { numeric: true });
      const sign = turn === "descending" ? -1 : 1;
      const sorted = turn ? [...rows].sort((a, b) => sign * compare(a, b) || place.get(a) - place.get(b)) : rows;
      body.append(...sorted);
    }));

    return { open, owns: (id) => id.startsWith(`${model.id}-`) && Boolean(template(id)) };
  };

  const models = [...document.querySelectorAll("section.model")].map(setUp);
  const follow = () => {
    const id = location.hash.slice(1);
    models.find((model) => model.owns(id))?.open(id);
    const target = document.getElementById(id);
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#'], a.box");
    if (link && link.getAttribute("href") === location.hash) follow();
  });
  follow();

  // ---- theme -----------------------------------------------------------------------------------

  const button = document.querySelector(".theme");
  const themes = ["auto", "light", "dark"];
  const kept = { // a page that is opened from a file may not be allowed to keep anything
    get: () => { try { return localStorage.getItem("guidelint-theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("guidelint-theme", value); } catch { /* not kept */ } },
  };
  const wear = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.dataset.next = themes[(themes.indexOf(theme) + 1) % themes.length];
  };
  wear(themes.includes(kept.get()) ? kept.get() : "auto");
  button.hidden = false;
  button.addEventListener("click", () => {
    kept.set(button.dataset.next);
    wear(button.dataset.next);
  });
})();
