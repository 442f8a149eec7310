// The ticket's page: which form of the box is shown, canned answers, the seconds left for taking an answer back.
(() => {
  "use strict";
  const digits = new Intl.NumberFormat(document.documentElement.lang);

  // -- the box ------------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const label = event.target.closest(".mode label");
    if (!label) return;
    event.preventDefault(); // at once, so that what is typed right after the key is in the field
    label.control.checked = true;
    enter(label.htmlFor.replace("mode-", "panel-"));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-canned]")) canned(event.target);
  });

  function enter(panel) {
    const shown = document.getElementById(panel);
    const wanted = ["textarea", "[data-first]", "input:not([type=hidden])", "select", "button"];
    wanted.map((one) => shown?.querySelector(one)).find(Boolean)?.focus();
  }

  function canned(choice) {
    const field = document.getElementById(choice.dataset.canned);
    insert(field, choice.value);
    choice.value = "";
  }

  // Into what is written already, at the cursor.
  function insert(field, text) {
    if (!field || !text) return;
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new CustomEvent("draft:changed", { bubbles: true }));
    field.focus();
  }

  // -- the ticket changed, and nothing in the box would be lost: the box of the ticket as it is now ------------------------

  document.addEventListener("live:shown", (event) => {
    if (event.target.id === "changed" && event.target.textContent.trim() && untouched()) renew();
  });

  function untouched() {
    const box = document.getElementById("box");
    if (!box || (box.contains(document.activeElement) && document.activeElement.matches("textarea, input, select"))) return false;
    const first = (choice) => [...choice.options].find((one) => one.defaultSelected) || choice.options[0];
    return (
      [...box.querySelectorAll("textarea, input:not([type=hidden], [type=radio])")].every(
        (field) => !field.value.trim() || (field.id === "answer-to" && field.value === field.defaultValue),
      ) && [...box.querySelectorAll("select")].every((choice) => !choice.options.length || first(choice).selected)
    );
  }

  async function renew() {
    try {
      const answer = await fetch(location.pathname + "?part=box", { headers: { "HX-Request": "true" } });
      const text = answer.ok && (await answer.text());
      if (!text || !untouched()) return;
      const box = document.getElementById("box");
      const mode = box.querySelector("[name=mode]:checked")?.id;
      const focused = box.contains(document.activeElement) ? document.activeElement.id : "";
      box.innerHTML = text;
      window.htmx.process(box);
      const kept = mode && document.getElementById(mode);
      if (kept) kept.checked = true;
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // not connected: then it is told when the form is sent
    }
  }

  // -- an answer that was taken back ----------------------------------------------------------------------------------

  document.addEventListener("answer-undone", async (event) => {
    if (untouched()) await renew();
    const field = document.getElementById("answer-text");
    if (field && !field.value.trim()) putBack(event.detail.answer);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-put-back]");
    if (!link || !document.getElementById("answer-text")) return;
    event.preventDefault();
    putBack(link.dataset.putBack);
  });

  function putBack(answer) {
    const words = document.querySelector(`[data-words-of="${answer}"]`)?.textContent;
    const mode = document.getElementById("mode-answer");
    if (mode) mode.checked = true;
    insert(document.getElementById("answer-text"), words);
  }

  // -- not connected --------------------------------------------------------------------------------------------------

  document.addEventListener("htmx:sendError", (event) => cut(!event.target.closest("#box")));
  document.addEventListener("htmx:beforeRequest", () => cut(true));
  function cut(hidden) {
    const told = document.getElementById("box-cut");
    if (told) told.hidden = hidden;
  }

  // -- the seconds left: by the server's clock --------------------------------------------------------------------------

  const ahead = new WeakMap(); // an element -> by how much this computer's clock is before the server's
  function count() {
    for (const told of document.querySelectorAll("[data-due]")) {
      if (!ahead.has(told)) ahead.set(told, Date.now() - Date.parse(told.dataset.now));
      const left = Math.ceil((Date.parse(told.dataset.due) - (Date.now() - ahead.get(told))) / 1000);
      const words = left > 0 ? told.dataset.words.replace("{n}", digits.format(left)) : told.dataset.over;
      if (told.textContent !== words) told.textContent = words;
      if (left <= 0) told.closest(".delivery").querySelectorAll("form").forEach((form) => (form.hidden = true));
    }
  }
  setInterval(count, 250);
  count();
})();
