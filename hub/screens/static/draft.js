// What is typed and not sent yet is kept in this browser: <textarea data-draft="NAME" data-who="ID">, and with it what was
// chosen in its form's <input data-draft-beside>. It is there again after a reload, in an empty field only, and gone once it
// was sent: the server's event `command-done` says so, or, of a form that leads to another page, that the next page that
// knows of drafts has no such field (signing in comes between, and does not). <a data-drop-drafts> gives up what was typed.
(() => {
  "use strict";
  const LASTS = 7 * 24 * 3600 * 1000; // milliseconds
  const PREFIX = "draft ";
  const LEFT = "drafts sent";
  const key = (field) => PREFIX + field.dataset.who + " " + field.dataset.draft;

  const beside = (field) => field.form?.querySelector("[data-draft-beside]");

  function keep(field) {
    const to = beside(field);
    const words = { text: field.value, beside: to && to.value !== to.defaultValue ? to.value : null, at: Date.now() };
    try {
      if (words.text.trim() || words.beside !== null) localStorage.setItem(key(field), JSON.stringify(words));
      else localStorage.removeItem(key(field));
    } catch (error) {
      if (error.name !== "QuotaExceededError" && error.name !== "SecurityError") throw error; // then it is not kept
    }
  }

  function read(name) {
    try {
      const kept = JSON.parse(localStorage.getItem(name) || "null");
      return kept && Date.now() - kept.at < LASTS ? kept : null;
    } catch (error) {
      if (error instanceof SyntaxError || error.name === "SecurityError") return null;
      throw error;
    }
  }

  function restore() {
    for (const field of document.querySelectorAll("[data-draft]")) {
      const kept = field.value ? null : read(key(field));
      if (!kept) continue;
      field.value = kept.text;
      const to = beside(field);
      if (to && typeof kept.beside === "string" && to.value === to.defaultValue) to.value = kept.beside;
    }
  }

  function drop(fields) {
    for (const field of fields) localStorage.removeItem(key(field));
  }

  const drafts = (form) => form?.querySelectorAll("[data-draft]") || [];

  // Whether what was sent came to where it should go: if not, its form is shown again.
  function arrived() {
    const here = [...drafts(document)].map(key);
    for (const name of JSON.parse(sessionStorage.getItem(LEFT) || "[]")) if (!here.includes(name)) localStorage.removeItem(name);
    sessionStorage.removeItem(LEFT);
  }

  function tidy() {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(PREFIX) && read(name) === null) localStorage.removeItem(name);
    }
  }

  document.addEventListener("input", (event) => {
    const field = event.target.matches("[data-draft-beside]") ? event.target.form.querySelector("[data-draft]") : event.target;
    if (field.matches("[data-draft]")) keep(field);
  });
  document.addEventListener("draft:changed", (event) => keep(event.target));
  document.addEventListener("command-done", (event) => {
    for (const field of document.querySelectorAll("[data-draft]")) {
      if (field.dataset.draft === event.detail.draft) localStorage.removeItem(key(field));
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-drop-drafts]");
    if (link) drop(drafts(link.closest("form")));
  });
  document.addEventListener("submit", (event) => {
    const sent = [...drafts(event.target)].map(key);
    if (sent.length && !event.target.matches("[hx-post]")) sessionStorage.setItem(LEFT, JSON.stringify(sent));
  });
  document.addEventListener("htmx:afterSettle", restore);
  // whoever signs out leaves nothing behind for the next one at this screen
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== "/sign-out") return;
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
  });
  arrived();
  restore();
  tidy();
})();
