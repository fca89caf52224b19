// Measures a page in frames of several widths and writes what is wrong as JSON. HTML and WIDTHS are put in front.
"use strict";
const name = (element) => {
  const text = (element.textContent || "").replace(/\s+/g, " ").trim().slice(0, 40);
  const kind = element.getAttribute("class");
  return element.tagName.toLowerCase() + (kind ? "." + kind.replace(/ /g, ".") : "") + " `" + text + "`";
};

const scrolls = (element) => {
  const style = element.ownerDocument.defaultView.getComputedStyle(element);
  return ["auto", "scroll"].includes(style.overflowX);
};

// Elements that reach beyond the window without a container in which they scroll, and text that its box cuts off or does not hold.
function clipped(page, width) {
  const found = [];
  for (const element of page.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || element.closest("svg")?.parentElement?.closest("svg")) continue;
    const style = page.defaultView.getComputedStyle(element);
    const isTooWide = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
    if (isTooWide && style.overflowX === "hidden") found.push("cut off: " + name(element));
    if (isTooWide && ["TD", "TH", "DD", "LI", "P"].includes(element.tagName) && !element.querySelector("table")) {
      found.push("does not hold its text: " + name(element));
    }
    const box = element.getBoundingClientRect();
    if (box.width === 0 || (box.right <= width + 1 && box.left >= -1)) continue;
    let around = element.parentElement;
    while (around && !scrolls(around)) around = around.parentElement;
    if (!around) found.push("beyond the window: " + name(element));
  }
  return found;
}

// Boxes of lines of text, with the size in which the text is drawn.
function texts(page) {
  const found = [];
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || ["STYLE", "SCRIPT", "TITLE", "DESC", "title", "desc"].includes(element.tagName)) continue;
    if (!element.checkVisibility()) continue;
    let size = parseFloat(page.defaultView.getComputedStyle(element).fontSize);
    const drawing = element.closest("svg");
    if (drawing) size *= element.getScreenCTM ? Math.hypot(element.getScreenCTM().a, element.getScreenCTM().b) : 1;
    const range = page.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      // The middle of a line: the boxes of lines that follow each other overlap by their ascenders.
      const isUpright = box.height > 2.5 * box.width && node.data.trim().length > 2;
      const trim = Math.max(0, ((isUpright ? box.width : box.height) - size * 0.6) / 2);
      const [across, down] = isUpright ? [trim, 0] : [0, trim];
      found.push({
        text: node.data.trim().slice(0, 30), size, element,
        left: box.left + across, right: box.right - across, top: box.top + down, bottom: box.bottom - down,
      });
    }
  }
  return found;
}

function overlapping(boxes) {
  const found = [];
  const sorted = [...boxes].sort((a, b) => a.top - b.top);
  for (let i = 0; i < sorted.length; i += 1) {
    for (let j = i + 1; j < sorted.length && sorted[j].top < sorted[i].bottom - 1; j += 1) {
      const [a, b] = [sorted[i], sorted[j]];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1.5 && down > 1.5) found.push("overprinted: `" + a.text + "` and `" + b.text + "`");
    }
  }
  return found;
}

function small(boxes) {
  return boxes.filter((box) => box.size < 7.9).map((box) => "text of " + box.size.toFixed(1) + " px: `" + box.text + "`");
}

const frame = document.createElement("iframe");
frame.style.cssText = "border:0;height:4000px;width:" + WIDTHS[0] + "px";
frame.onload = () => {
  const found = {};
  const page = frame.contentDocument;
  for (const details of page.querySelectorAll("details")) details.open = true;
  for (const width of WIDTHS) {
    frame.style.width = width + "px";
    const inner = page.documentElement.clientWidth;
    const boxes = texts(page);
    found[width] = [...clipped(page, inner), ...overlapping(boxes), ...small(boxes)];
    if (boxes.length === 0) found[width].push("there is no text");
  }
  const result = document.createElement("pre");
  result.id = "found";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
};
frame.srcdoc = HTML;
document.body.append(frame);
