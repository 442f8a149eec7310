// What is on the screen stays true: one stream of server-sent events a page, and each part that it names is fetched anew.
//
// <body data-topics="desk,customer:ID">    what the stream is asked for
// <div data-live="desk" data-src="/part">  fetched anew when one of its topics (separated by blanks) changed:
//     data-gap="0"    milliseconds between two fetches (1000 where nothing is said). A long gap is on no two screens the same:
//                     all hear of a change at once, and who asks for what rings shall not wait behind a hundred lists
//     data-load       fetched once the page stands, too
//     data-every="10000"  and every so many milliseconds while somebody looks: of what changes without a word
//     data-reload     the whole page is another one then
//     live:renew      an event that is sent to it: it is fetched now
//     data-merge      its rows have ids: new ones are put in their place, changed ones replaced, the others stay;
//                     where the reader has scrolled down, "2 new" appears instead
//     data-leave      of such rows those leave that are no more there; where the past has changed, all below them too
//     class="nothing-yet"  the row that says that there are none leaves once there are
//     data-most="90"  of such rows so many stay: a page that is open all day does not grow all day
// The keyboard's focus, open details and what is being typed survive.
(() => {
  "use strict";
  const body = document.body;
  const topics = body.dataset.topics;
  const digits = new Intl.NumberFormat(document.documentElement.lang);
  const waiting = new WeakMap(); // a part -> {busy, again, last, text}
  let stream = null;
  let opened = false;
  let leaves = false; // to sign in, of which each part is told: a second going there breaks off the first

  function listen() {
    if (stream || !topics || !window.EventSource) return;
    stream = new EventSource("/v1/stream?topics=" + encodeURIComponent(topics));
    stream.onopen = () => {
      document.getElementById("away").hidden = true;
      if (opened) everything();
      opened = true;
      body.dataset.listening = "";
    };
    stream.onerror = () => {
      document.getElementById("away").hidden = false;
      if (stream && stream.readyState === EventSource.CLOSED) {
        hush();
        setTimeout(listen, 3000);
      }
    };
    stream.onmessage = (message) => changed(JSON.parse(message.data).topic);
  }

  function hush() {
    if (stream) stream.close();
    stream = null;
    delete body.dataset.listening;
  }

  function changed(topic) {
    body.dispatchEvent(new CustomEvent("live:" + topic, { bubbles: false }));
    for (const part of document.querySelectorAll("[data-live]")) {
      if (part.dataset.live.split(" ").includes(topic)) renew(part);
    }
  }

  document.addEventListener("live:renew", (event) => renew(event.target));

  function everything() {
    for (const part of document.querySelectorAll("[data-live]")) renew(part);
  }

  async function renew(part) {
    if ("reload" in part.dataset) return location.reload();
    const state = waiting.get(part) || { busy: false, again: false, last: 0, text: null };
    waiting.set(part, state);
    if (state.busy) {
      state.again = true;
      return;
    }
    state.busy = true;
    const calm = Number(part.dataset.gap || 1000);
    const gap = calm * (calm < 1000 ? 1 : 0.75 + Math.random() / 2) - (Date.now() - state.last);
    if (state.last && gap > 0) await new Promise((done) => setTimeout(done, gap));
    state.again = false;
    state.last = Date.now();
    try {
      const answer = await fetch(part.dataset.src, { headers: { "HX-Request": "true", "X-Live": "true", "HX-Current-URL": location.href } });
      compare(answer.headers.get("Date"));
      const elsewhere = answer.headers.get("HX-Redirect");
      if (elsewhere) leave(elsewhere);
      else if (answer.ok) show(part, await answer.text(), state);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // not connected: the stream says so, and all is fetched again
    } finally {
      state.busy = false;
    }
    if (state.again) renew(part);
  }

  function leave(where) {
    if (!leaves) location.assign(where);
    leaves = true;
  }
  window.addEventListener("pageshow", () => (leaves = false));

  // A click that takes the focus from a field ends before the field, and the button beside it, are replaced.
  function show(part, text, state) {
    if (text === state.text || !part.isConnected) return;
    if (typing(part)) {
      part.addEventListener("focusout", () => setTimeout(() => renew(part), 400), { once: true });
      return;
    }
    state.text = text;
    if ("merge" in part.dataset) return merge(part, text);
    const back = keep(part);
    part.innerHTML = text;
    back();
    if (window.htmx) window.htmx.process(part);
    part.dispatchEvent(new CustomEvent("live:shown", { bubbles: true }));
  }

  const typing = (part) =>
    part.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), textarea, select");

  // What is open, what has the focus and what was typed, to be brought back once something else stands there; but not what
  // was sent.
  function keep(part, sent) {
    const open = opens(part);
    const focused = part.contains(document.activeElement) ? the(document.activeElement, part) : null;
    const typed = [...part.querySelectorAll("input, textarea, select")].filter((field) => !sent?.contains(field) && touched(field));
    const words = typed.map((field) => [same(field, part), field.value]);
    return () => {
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      for (const [field, value] of words) if (field()) field().value = value;
      focused?.()?.focus({ preventScroll: true });
    };
  }

  function touched(field) {
    if (field.matches("select")) return [...field.options].some((one) => one.selected !== one.defaultSelected);
    return !field.matches("[type=hidden], [type=checkbox], [type=radio], [type=file]") && field.value !== field.defaultValue;
  }

  function same(field, part) {
    if (field.id) return () => document.getElementById(field.id);
    const action = (one) => one.form?.getAttribute("action");
    const [name, form] = [field.name, action(field)];
    return () => [...part.querySelectorAll("[name]")].find((one) => one.name === name && action(one) === form);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    const back = event.detail.shouldSwap && "live" in part.dataset && keep(part, event.detail.requestConfig?.elt);
    if (back) part.addEventListener("htmx:afterSwap", back, { once: true });
  });

  // What has the focus, to be found again among what is fetched: by its id, else as the same one of those that are like it,
  // else where it could be opened.
  function the(focused, part) {
    if (focused.id) return () => document.getElementById(focused.id);
    const told = (one) => one.getAttribute("href") || one.getAttribute("formaction") || one.textContent;
    const like = () => [...part.querySelectorAll(focused.tagName)].filter((one) => told(one) === told(focused));
    const nth = like().indexOf(focused);
    const within = focused.closest("details[id]")?.id;
    return () => like()[nth] || document.getElementById(within)?.querySelector("summary");
  }

  const opens = (part) => [...part.querySelectorAll("details[open][id]")].map((one) => one.id);

  // -- rows that stay where they are ----------------------------------------------------------------------------

  function merge(list, text) {
    const fresh = document.createElement("template");
    fresh.innerHTML = text;
    const rows = [...fresh.content.querySelectorAll("[id]")].filter((row) => row.parentNode === fresh.content);
    const isNew = rows.filter((row) => !document.getElementById(row.id) && !row.matches(".day"));
    const above = list.getBoundingClientRect().top;
    let button = list.previousElementSibling?.matches(".new-above") ? list.previousElementSibling : null;
    if (!isNew.length || above > -40) {
      button?.remove();
      put(list, rows, isNew);
      return;
    }
    if (!button) {
      button = document.createElement("button");
      button.className = "button new-above";
      button.type = "button";
      list.before(button);
    }
    button.textContent = body.dataset.new.replace("{n}", digits.format(isNew.length));
    button.onclick = () => {
      button.remove();
      put(list, rows, isNew);
      list.scrollIntoView({ block: "start" });
    };
  }

  // Whether the rows that the list has are not those that follow on the new ones: some came between, some are gone.
  function isOther(list, rows) {
    const had = [...list.querySelectorAll(":scope > .item")].map((row) => row.id);
    const now = rows.filter((row) => row.matches(".item")).map((row) => row.id);
    const old = now.slice(now.indexOf(had[0]));
    const all = !rows.some((row) => row.matches(".earlier"));
    return !now.includes(had[0]) || old.some((id, n) => had[n] !== id) || (all && had.length > old.length);
  }

  function put(list, fetched, isNew) {
    const other = "leave" in list.dataset && isOther(list, fetched);
    const rows = "leave" in list.dataset && !other ? fetched.filter((row) => !row.matches(".earlier")) : fetched;
    let here = list.firstElementChild;
    for (const row of rows) {
      const old = document.getElementById(row.id);
      if (!old || old.parentNode !== list) {
        if (isNew.includes(row)) row.classList.add("fresh");
        list.insertBefore(row, here);
        continue;
      }
      while (here && here !== old && !rows.some((one) => one.id === here.id)) here = here.nextElementSibling;
      if (old.outerHTML !== row.outerHTML && !old.contains(document.activeElement) && !old.querySelector("[open]")) {
        old.replaceWith(row);
        here = row.nextElementSibling;
      } else here = old.nextElementSibling;
    }
    const ids = rows.map((row) => row.id);
    for (const row of [...list.children]) if ((other || row.matches(".nothing-yet")) && !ids.includes(row.id)) row.remove();
    const most = Number(list.dataset.most || Infinity);
    while (list.children.length > most && !list.lastElementChild.contains(document.activeElement)) list.lastElementChild.remove();
    if (window.htmx) window.htmx.process(list);
    list.dispatchEvent(new CustomEvent("live:shown", { bubbles: true }));
  }

  // -- times that grow ------------------------------------------------------------------------------------------

  // This computer's clock may be wrong: what rings is timed by the server's (seconds, so what is less is left alone).
  function compare(date) {
    const skew = Date.parse(date) - Date.now();
    if (Number.isFinite(skew)) body.dataset.skew = Math.abs(skew) > 3000 ? skew : 0;
  }

  function count() {
    for (const time of document.querySelectorAll("time[data-counted]")) {
      const minutes = Math.floor((Date.now() + Number(body.dataset.skew || 0) - Date.parse(time.dateTime)) / 60000);
      if (minutes < 1) time.textContent = body.dataset.now;
      else if (minutes < 60) time.textContent = body.dataset.minutes.replace("{n}", digits.format(minutes));
      else time.textContent = body.dataset.hours.replace("{n}", digits.format(Math.floor(minutes / 60)));
    }
  }
  setInterval(count, 20000);

  // -- browsers hold six connections to one address: of hidden pages only the last one seen keeps its stream ------

  const others = window.BroadcastChannel ? new BroadcastChannel("hub-live") : null;
  if (others) {
    others.onmessage = () => {
      if (document.hidden) hush();
    };
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      others.postMessage("seen");
      listen();
    });
    if (!document.hidden) others.postMessage("seen");
  }
  function again() {
    hush();
    listen();
  }
  window.addEventListener("online", again);
  window.addEventListener("offline", () => (document.getElementById("away").hidden = false));
  let beat = Date.now(); // a machine that slept has a stream that never ends and says nothing
  setInterval(() => {
    if (stream && Date.now() - beat > 30000) again();
    beat = Date.now();
  }, 5000);
  window.addEventListener("pagehide", hush);
  window.addEventListener("pageshow", (shown) => shown.persisted && listen());

  document.addEventListener("htmx:afterRequest", (event) => {
    const why = event.detail.xhr.getResponseHeader("X-Why");
    if (why || event.detail.xhr.status >= 500) failed(why);
  });
  document.addEventListener("htmx:sendError", () => failed(null));
  function failed(why) {
    const told = document.getElementById("failed");
    told.textContent = why ? decodeURIComponent(why) : body.dataset.failed;
    told.hidden = false;
    setTimeout(() => (told.hidden = true), 8000);
  }

  // A second click makes nothing twice; who comes back finds the form as it was.
  document.addEventListener("submit", (event) => {
    const buttons = [...event.target.querySelectorAll("button")].filter((one) => one.type === "submit" && !one.disabled);
    if (event.defaultPrevented || event.target.matches("[hx-post]")) return;
    setTimeout(() => buttons.forEach((one) => (one.disabled = true)));
    window.addEventListener("pageshow", () => buttons.forEach((one) => (one.disabled = false)), { once: true });
  });

  for (const part of document.querySelectorAll("[data-load]")) renew(part);
  for (const part of document.querySelectorAll("[data-every]")) {
    setInterval(() => document.hidden || renew(part), Number(part.dataset.every));
  }
  listen();
})();
