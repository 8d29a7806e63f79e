// The form: reads it, asks the model, and shows the answer or what is wrong with a field.

import { daysOf } from "./encode.js";
import { Model } from "./model.js";
import { Refused, unreadablePatterns } from "./rules.js";

const MOST_CLASSES = 5;
const MS_PER_DAY = 86_400_000;

const form = document.getElementById("row");
const summary = document.getElementById("faults");
const answer = document.getElementById("answer");
const loading = Model.load();
let isAnswered = false;

// What programs ask: a row of values by column name in, {decision, score, scores} out.
window.predict = async (row) => (await loading).predict(row);

loading.then(start).catch((error) => {
  verified("not verified");
  show(line("bad", error.message));
});

function start(model) {
  if (model.signature.model_sha256 !== document.body.dataset.model) {
    throw new Error("The form is older or newer than the model: load this page again.");
  }
  verified("verified: it is the one of the signature");
  const unread = unreadablePatterns(model.contract.fields).map((field) => field.label);
  const besides = unread.length ? ` This browser cannot check the pattern of ${unread.join(", ")}.` : "";
  const invited = `Fill in the form and press Predict.${besides}`;
  show(line("note", invited));
  form.querySelector("[type=submit]").disabled = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(model, true);
  });
  form.addEventListener("reset", () => {
    isAnswered = false;
    tell(model, []);
    show(line("note", invited));
  });
  form.addEventListener("input", (event) => clear(event.target.dataset.column));
  // An answer never stands beside other values than its own.
  form.addEventListener("change", () => isAnswered && ask(model, false));
  document.getElementById("example").addEventListener("click", () => fill(model));
}

// `isAsked` where the person pressed the button, and is taken to the fault or the answer.
async function ask(model, isAsked) {
  isAnswered = true;
  try {
    const row = Object.fromEntries(model.contract.fields.map((field) => [field.name, given(field)]));
    const start = performance.now();
    const prediction = await model.predict(row);
    tell(model, []);
    show(...explained(model, prediction, performance.now() - start));
    if (isAsked) answer.scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (error instanceof Refused) {
      tell(model, error.faults, isAsked);
      show(line("note", "No answer: a value cannot be used."));
    } else {
      show(line("bad", `The model could not answer: ${error.message}`));
    }
  }
}

// Inputs have no names: a form has members of its own, which a column may be called like.
function inputOf(name) {
  return document.getElementById(`in-${name}`);
}

function given(field) {
  const text = inputOf(field.name).value.trim();
  if (text === "") return null;
  return field.choices.length ? field.choices[Number(text)].value : text;
}

function fill(model) {
  for (const field of model.contract.fields.filter((field) => field.example !== null)) {
    inputOf(field.name).value = shown(field);
  }
  tell(model, []);
  if (isAnswered) ask(model, false);
}

function shown(field) {
  if (field.choices.length) {
    const place = field.choices.findIndex((choice) => choice.value === field.example);
    return place < 0 ? "" : String(place);
  }
  const isMoment = field.type === "timestamp" && daysOf(field.example) !== null;
  return isMoment ? new Date(daysOf(field.example) * MS_PER_DAY).toISOString().slice(0, 19) : String(field.example);
}

function tell(model, faults, isAsked = false) {
  const broken = new Map(faults.map((fault) => [fault.column, fault]));
  for (const field of model.contract.fields) {
    clear(field.name);
    if (broken.has(field.name)) mark(field, broken.get(field.name));
  }
  if (faults.length) {
    summary.textContent = faults.length === 1 ? "One value cannot be used." : `${faults.length} values cannot be used.`;
    if (isAsked) inputOf(faults[0].column)?.focus();
  }
  summary.hidden = faults.length === 0;
}

function mark(field, fault) {
  const words = field.rules[fault.rule];
  const place = document.getElementById(`fault-${field.name}`);
  place.textContent = `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
  place.hidden = false;
  inputOf(field.name).setAttribute("aria-invalid", "true");
}

function clear(name) {
  inputOf(name).removeAttribute("aria-invalid");
  document.getElementById(`fault-${name}`).hidden = true;
}

function explained(model, { decision, score, scores }, milliseconds) {
  const { task, classes, threshold } = model.signature;
  const took = `Computed in this page in ${milliseconds < 1 ? "under a millisecond" : `${Math.round(milliseconds)} ms`}.`;
  if (task === "regression") return [decided(rounded(score)), line("note explained", took)];
  const order = [...classes.keys()].sort((one, other) => scores[other] - scores[one]).slice(0, MOST_CLASSES);
  if (task === "multiclass") {
    const rows = order.map((place) => bar(worded(model, classes[place]), scores[place], classes[place] === decision));
    const why = `The most probable of ${classes.length} classes.`;
    return [decided(worded(model, decision)), ...rows, line("note explained", `${why} ${took}`)];
  }
  const positive = worded(model, classes[1]);
  const row = bar(`Probability of “${positive}”`, score, decision === classes[1], threshold);
  const why = `From ${percent(threshold)} on, the decision is “${positive}”.`;
  return [decided(worded(model, decision)), row, line("note explained", `${why} ${took}`)];
}

function bar(words, share, isChosen, threshold = null) {
  const row = node("div", `class${isChosen ? " chosen" : ""}`);
  const head = node("div");
  head.append(node("span", "", words), node("b", "", percent(share)));
  const track = node("div", "bar");
  track.setAttribute("aria-hidden", "true");
  const filled = node("i");
  filled.style.width = `${share * 100}%`;
  track.append(filled);
  if (threshold !== null) {
    const tick = node("u");
    tick.style.left = `${threshold * 100}%`;
    track.append(tick);
  }
  row.append(head, track);
  return row;
}

function worded(model, value) {
  const choice = model.contract.target.choices.find((choice) => choice.value === value);
  return choice ? choice.label : String(value);
}

function decided(words) {
  return node("p", "decision", words);
}

function rounded(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: Math.abs(value) < 1e6 ? 6 : 9 });
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

function line(kind, words) {
  return node("p", kind, words);
}

function node(tag, kind = "", words = "") {
  const made = document.createElement(tag);
  made.className = kind;
  made.textContent = words;
  return made;
}

function show(...parts) {
  answer.replaceChildren(...parts.filter(Boolean));
}

function verified(words) {
  document.getElementById("verified").textContent = words;
}
