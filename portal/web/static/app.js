// The web chat's page: sends what is typed, shows the answer as it comes, and finds it again after a lost connection.
// Everything works without it, more slowly: forms are sent, and pages load themselves again.

const AGAIN_SECONDS = [1, 2, 4, 8, 15];
const NEAR_THE_END = 160;

// The one place that makes HTML of a text. The server made it, of templates and of Markdown in which no HTML survives.
const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("helpdesk", { createHTML: (html) => html })
  : { createHTML: (html) => html };

const composer = document.getElementById("composer");
const turns = document.getElementById("turns");
const status = document.getElementById("status");

showTimes(document);
if (composer) {
  const text = composer.elements.text;
  const button = composer.querySelector("button");
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value.trim() && !button.disabled) ask(text.value.trim());
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      composer.requestSubmit();
    }
  });
  text.addEventListener("input", () => grow(text));
  turns.addEventListener("click", (event) => {
    const example = event.target.closest(".example");
    if (!example) return;
    text.value = example.dataset.text;
    grow(text);
    text.focus();
  });
  turns.addEventListener("submit", (event) => {
    if (!event.target.matches(".cancel")) return;
    event.preventDefault();
    cancel(event.target);
  });
  for (const turn of document.querySelectorAll(".turn[data-live]")) follow(turn);
  const earlier = document.getElementById("earlier");
  const wide = window.matchMedia("(min-width: 60rem)");
  const fit = () => { earlier.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();
  if (document.querySelector(".turn")) window.scrollTo(0, document.body.scrollHeight);
  if (wide.matches) text.focus({ preventScroll: true });
}

// Asks, and shows the answer. One question at a time: the next one may refer to what this one is told.
async function ask(words) {
  const turn = document.getElementById("turn").content.firstElementChild.cloneNode(true);
  turn.querySelector(".asked").textContent = words;
  document.getElementById("begin")?.remove();
  turns.append(turn);
  const body = new URLSearchParams(new FormData(composer));
  body.set("text", words);
  composer.elements.text.value = "";
  composer.elements.task_id.value = "";
  grow(composer.elements.text);
  busy(true);
  turn.scrollIntoView({ block: "end" });
  say("Sent.");
  try {
    const response = await fetch("/messages", { method: "POST", body, headers: { Accept: "text/event-stream" } });
    if (await read(response, turn)) return;
  } catch {
    // the connection was lost: what is under way goes on without us
  }
  if (turn.dataset.task) follow(turn);
  else fail(turn, "The message may not have arrived. Load the page again to see.");
}

// Shows a question that is under way, again and again until it has ended.
async function follow(turn) {
  const address = `/tasks/${turn.dataset.task}/events?context_id=${turn.dataset.context}`;
  for (let lost = 0; ; lost += 1) {
    try {
      const response = await fetch(address, { headers: { Accept: "text/event-stream" } });
      if (await read(response, turn)) return;
      lost = 0;
    } catch {
      statusOf(turn, "The connection was lost. Trying again …");
    }
    await new Promise((done) => setTimeout(done, 1000 * AGAIN_SECONDS[Math.min(lost, AGAIN_SECONDS.length - 1)]));
  }
}

// Reads a stream of events; whether nothing more will come of this question.
async function read(response, turn) {
  if (!response.ok) {
    const said = await response.json().catch(() => ({}));
    if (response.status === 401) return signIn(turn);
    if (response.status >= 500 && turn.dataset.task) return false;
    fail(turn, said.message ?? "That did not work. Try again.");
    return true;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
      if (event === "turn") show(turn, JSON.parse(data));
      if (event === "end") return ended(turn);
      if (event === "problem") {
        const problem = JSON.parse(data);
        if (problem.code === "not_signed_in") return signIn(turn);
        fail(turn, problem.message);
        return true;
      }
    }
  }
}

function show(turn, said) {
  const follows = window.innerHeight + window.scrollY > document.body.scrollHeight - NEAR_THE_END;
  turn.querySelector(".answer").innerHTML = policy.createHTML(said.html);
  showTimes(turn);
  if (said.task && !turn.dataset.task) {
    turn.dataset.task = said.task;
    turn.dataset.context = said.context;
    const form = turn.querySelector(".cancel");
    form.action = `/tasks/${said.task}/cancel`;
    form.elements.context_id.value = said.context;
    form.hidden = false;
    composer.elements.context_id.value = said.context;
    const address = `/conversations/${said.context}`;
    if (location.pathname !== address) {
      history.replaceState(null, "", address);
      list(address, turn.querySelector(".asked").textContent);
    }
  }
  turn.dataset.state = said.state;
  if (said.status !== turn.dataset.status) {
    turn.dataset.status = said.status;
    say(said.status);
  }
  // What waits for the person goes on by itself; meanwhile they may ask something else.
  if (turn.querySelector(".ask")) busy(false);
  if (follows) window.scrollTo(0, document.body.scrollHeight);
}

// Adds the conversation that has just begun to the list of them.
function list(address, words) {
  const link = document.createElement("a");
  link.href = address;
  link.setAttribute("aria-current", "page");
  link.append(Object.assign(document.createElement("span"), { textContent: words }));
  const entry = document.createElement("li");
  entry.append(link);
  document.querySelector("#earlier ul").prepend(entry);
}

function ended(turn) {
  delete turn.dataset.live;
  turn.querySelector(".cancel")?.remove();
  if (turn.dataset.state === "input-required") composer.elements.task_id.value = turn.dataset.task;
  busy(false);
  return true;
}

function fail(turn, message) {
  statusOf(turn, message, "failed");
  say(message);
  ended(turn);
}

function signIn(turn) {
  fail(turn, "Your sign-in has ended.");
  const link = document.createElement("a");
  link.className = "button";
  link.href = `/login?return_to=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Sign in again";
  turn.querySelector(".answer").append(link);
  link.focus();
  return true;
}

function statusOf(turn, words, state = "live") {
  const answer = turn.querySelector(".answer");
  let line = answer.querySelector(".status");
  if (!line) answer.append((line = document.createElement("p")));
  line.className = `status ${state}`;
  line.textContent = words;
}

async function cancel(form) {
  form.querySelector("button").disabled = true;
  const body = new URLSearchParams(new FormData(form));
  await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  form.querySelector("button").disabled = false;
}

function busy(is) {
  composer.querySelector("button").disabled = is;
  turns.setAttribute("aria-busy", String(is));
}

function say(words) {
  status.textContent = words;
}

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 240)}px`;
}

// Times as the person's own clock has them.
function showTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const today = at.toDateString() === new Date().toDateString();
    let style = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    if (time.dataset.style === "date") style = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
    if (time.dataset.style === "day") style = today ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
    time.textContent = new Intl.DateTimeFormat(undefined, style).format(at);
  }
}
