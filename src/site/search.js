// The search of the site: what is asked is looked up in the index beside this file, in the reader's own browser. Nothing is sent or
// fetched: the index is a script that is loaded when the box is used for the first time.
"use strict";
(() => {
  const MOST = 40;
  const root = document.currentScript.src.replace(/search\.js$/, "");
  const isJapanese = document.documentElement.lang === "ja";
  const form = document.querySelector("form.search");
  const box = form.querySelector("input");
  const list = form.querySelector("ul");
  const said = form.querySelector("p");
  const kinds = isJapanese
    ? { table: "表", column: "列", relation: "推定関数", word: "用語" }
    : { table: "table", column: "column", relation: "relation", word: "word" };
  let entries = null;
  let chosen = -1;

  // Full-width letters and digits, half-width kana and capitals are the same.
  const plain = (text) => text.normalize("NFKC").toLowerCase();

  const load = () => {
    if (entries) return;
    const script = document.createElement("script");
    script.src = root + "search-index.js";
    script.onload = () => {
      entries = window.korabo_index.map((entry) => ({
        ...entry,
        names: plain(entry.name),
        texts: plain([entry.name, entry.ja, entry.en, ...entry.places.map((place) => place[0])].join("\n")),
      }));
      show();
    };
    entries = [];
    document.head.append(script);
  };

  // The name itself, a name that begins with it, one that holds it, a meaning that holds it.
  const rank = (entry, words) => {
    if (!words.every((word) => entry.texts.includes(word))) return -1;
    const at = entry.names.indexOf(words[0]);
    if (entry.names === words.join(" ")) return 0;
    return at === 0 ? 1 : at > 0 ? 2 : 3;
  };

  const found = (text) => {
    const words = plain(text).split(/\s+/).filter((word) => word);
    if (words.length === 0) return [];
    const order = Object.keys(kinds);
    return entries
      .map((entry) => [rank(entry, words), entry])
      .filter(([at]) => at >= 0)
      .sort(([a, x], [b, y]) =>
        a - b || order.indexOf(x.kind) - order.indexOf(y.kind) || x.name.length - y.name.length || (x.name < y.name ? -1 : 1))
      .map(([, entry]) => entry);
  };

  const made = (tag, text, kind) => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };

  const link = (place, text) => {
    const element = made("a", text);
    element.href = root + place[1];
    return element;
  };

  const item = (entry) => {
    const line = document.createElement("li");
    line.append(made("span", kinds[entry.kind], "kind"), " ", link(entry.places[0], entry.name));
    line.append(" ", made("span", isJapanese ? entry.ja || entry.en : entry.en || entry.ja, "meaning"));
    if (entry.kind === "column") {
      const tables = made("span", "", "places");
      for (const place of entry.places.slice(0, 6)) tables.append(link(place, place[0]), " ");
      if (entry.places.length > 6) tables.append("+" + (entry.places.length - 6));
      line.append(tables);
    }
    return line;
  };

  const choose = (at) => {
    const lines = list.children;
    if (chosen >= 0 && lines[chosen]) lines[chosen].removeAttribute("aria-current");
    chosen = lines.length === 0 ? -1 : (at + lines.length) % lines.length;
    if (chosen < 0) return;
    lines[chosen].setAttribute("aria-current", "true");
    lines[chosen].scrollIntoView({ block: "nearest" });
  };

  const show = () => {
    const entered = box.value.trim();
    const all = entered ? found(entered) : [];
    list.replaceChildren(...all.slice(0, MOST).map(item));
    chosen = -1;
    const more = all.length > MOST ? (isJapanese ? `（先頭の${MOST}件）` : ` (the first ${MOST})`) : "";
    said.textContent = entered ? (isJapanese ? `${all.length}件${more}` : `${all.length} found${more}`) : "";
    form.classList.toggle("open", entered !== "");
  };

  const leave = () => {
    box.value = "";
    show();
    box.blur();
  };

  form.hidden = false;
  box.addEventListener("focus", load);
  box.addEventListener("input", () => {
    load();
    show();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const line = list.children[Math.max(chosen, 0)];
    if (line) window.location.href = line.querySelector("a").href;
  });
  form.addEventListener("keydown", (event) => {
    // Enter and the arrows belong to the input method while it converts.
    if (event.isComposing) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    box.focus();
  });
})();
