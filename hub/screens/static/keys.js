// The keyboard: / search, g h home, g t tickets, j k move, Enter open, ? the list; a letter presses the button that has it as
// its data-key. While a call rings and nothing else has the focus: Enter accepts, o order, t ticket, Esc later, 1 to 9 one
// of several. Nothing here takes the focus by itself. On a Persian keyboard the same keys do the same.
(() => {
  "use strict";
  const ASIDE = "calls put aside";
  const now = () => Date.now() + Number(document.body.dataset.skew || 0); // by the server's clock; see live.js
  const pop = document.getElementById("pop");
  let first = "";

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target;
    const writing = target.closest("input, textarea, select, [contenteditable]");
    if (writing) {
      if (event.key === "Escape") writing.blur();
      return;
    }
    const free = target === document.body || target.id === "content" || pop?.contains(target);
    if (pop && ringing(event, free, target)) return event.preventDefault();
    if (event.key === "Escape" && location.hash === "#side") location.hash = "#content";
    if (act(event)) event.preventDefault();
  });

  // What the key says where it types Latin letters: with a Persian layout R types «ق», and 1 types «۱».
  function latin(event) {
    if (/^[ -~]*$/.test(event.key)) return event.key;
    if (event.code === "Slash") return event.shiftKey ? "?" : "/";
    const [, sign] = /^(?:Key|Digit|Numpad)(.)$/.exec(event.code) || [];
    return sign && !event.shiftKey ? sign.toLowerCase() : event.key;
  }

  function act(event) {
    const before = first;
    const key = latin(event);
    first = "";
    if (key === "/") return search();
    if (key === "?") return show("keys");
    if (before === "g" && key === "h") return go("/");
    if (before === "g" && key === "t") return go("/tickets");
    if (key === "g") {
      first = "g";
      setTimeout(() => (first = ""), 1000);
      return true;
    }
    if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
    if (key.length === 1) return press(document.getElementById("content"), key) || press(document.getElementById("side"), key);
    return false;
  }

  function search() {
    const field = document.querySelector("#content input[type=search]");
    if (!field) return go("/search");
    field.focus();
    field.select();
    return true;
  }

  function go(where) {
    location.assign(where);
    return true;
  }

  function step(way) {
    const rows = [...document.querySelectorAll("[data-rows] .row-link, [data-rows] > .item > details > summary")].filter((row) => row.offsetParent);
    if (!rows.length) return false;
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (way > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + way, 0), rows.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function press(where, key) {
    const found = [...(where?.querySelectorAll("[data-key]") || [])].find((one) => one.dataset.key === key && one.offsetParent);
    if (!found) return false;
    if (found.matches("input, textarea")) found.focus();
    else found.click();
    return true;
  }

  // -- the pop ----------------------------------------------------------------------------------------------------

  function ringing(event, free, target) {
    const call = pop.querySelector(".pop:not([hidden])");
    if (!call) return false;
    if (event.key === "Escape") return putAside(call);
    const sign = latin(event);
    const key = sign.length === 1 ? sign.toLowerCase() : sign;
    if (!free || (key === "Enter" && target.closest("a, button, summary"))) return false;
    return press(call, key);
  }

  function putAside(call) {
    const calls = aside();
    for (const one of [call, ...call.querySelectorAll("[data-call]")]) if (one.dataset.call) calls.push(one.dataset.call);
    sessionStorage.setItem(ASIDE, JSON.stringify(calls.slice(-50)));
    leaveOut();
    tidy();
    return true;
  }

  const aside = () => JSON.parse(sessionStorage.getItem(ASIDE) || "[]");

  // The hub is told what was put aside, so that whoever else rings is shown as if he were alone: one of two is a line in a list.
  const others = () => "?" + new URLSearchParams(aside().slice(-20).map((call) => ["aside", call]));
  function leaveOut() {
    pop.dataset.src = "/pop" + others();
  }

  // Hides what was put aside or rang too long, counts the seconds, and says once who it is.
  const title = document.title;
  let said = "";
  let left = "";
  function tidy() {
    const calls = aside();
    let who = "";
    let stay = "";
    for (const call of pop.querySelectorAll(".pop")) {
      const parts = [...call.querySelectorAll("[data-call]")];
      for (const part of parts) part.hidden = over(part, calls);
      if (parts.some((part) => part.hidden)) stay = parts.filter((part) => !part.hidden).map((part) => part.dataset.call).join();
      call.hidden = parts.length ? parts.every((part) => part.hidden) : over(call, calls);
      if (!call.hidden) who = call.dataset.said || who;
    }
    if (who !== said) {
      document.getElementById("said").textContent = who;
      document.title = who ? who + " · " + title : title;
      if (who && !said) pop.querySelector(".pop:not([hidden])").classList.add("arriving");
      said = who;
    }
    if (stay && stay !== left) pop.dispatchEvent(new CustomEvent("live:renew", { bubbles: true }));
    left = stay;
    const digits = new Intl.NumberFormat(document.documentElement.lang, { minimumIntegerDigits: 2 });
    const plain = new Intl.NumberFormat(document.documentElement.lang);
    for (const row of document.querySelectorAll("#ringing [data-until]")) row.hidden = now() > Date.parse(row.dataset.until);
    for (const clock of document.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, Math.floor((now() - Date.parse(clock.dataset.since)) / 1000));
      clock.textContent = plain.format(Math.floor(seconds / 60)) + ":" + digits.format(seconds % 60);
    }
  }
  const over = (part, calls) => calls.includes(part.dataset.call) || now() > Date.parse(part.dataset.until);

  if (pop) {
    document.addEventListener("live:shown", tidy);
    pop.addEventListener("click", (event) => {
      const button = event.target.closest("[data-aside]");
      if (button) putAside(button.closest("[data-call], .pop"));
    });
    document.addEventListener("htmx:configRequest", (event) => {
      if (event.detail.path === "/pop/name") event.detail.path += others();
    });
    leaveOut();
    tidy();
    setInterval(() => document.querySelector("[data-since]") && tidy(), 1000);
  }

  // -- dialogs, menus, chips ----------------------------------------------------------------------------------------

  function show(id) {
    document.getElementById(id)?.showModal();
    return true;
  }
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) show(opener.dataset.open);
    if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog").close();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target) || opener) menu.open = false;
    }
  });
  // On a small screen the line of time lies under the sheet. Of the form nothing is heard: it may have been renewed meanwhile.
  document.addEventListener("htmx:afterSwap", (event) => {
    const done = event.detail.successful && event.detail.target?.id === "customer-side";
    if (done && location.hash === "#side") location.hash = "#content";
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) event.target.closest("[data-close]") && document.getElementById(event.target.closest("[data-close]").dataset.close).close();
  });
})();
