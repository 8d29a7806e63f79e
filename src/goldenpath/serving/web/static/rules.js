// A row against the contract, refused in the contract's words: what serving/request.py does in Python.

import { daysOf } from "./encode.js";

const LARGEST_WHOLE = 2 ** 63;
const TRUE = ["true", "t", "yes", "y", "on", "1"];
const FALSE = ["false", "f", "no", "n", "off", "0"];
const MIDNIGHT = /^.{10}(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/i;

// Thrown for a row that breaks the contract. `faults` are records of column, rule, message, as the API sends them.
export class Refused extends Error {
  constructor(faults) {
    super(faults.map((fault) => fault.message).join("\n"));
    this.name = "Refused";
    this.faults = faults;
  }
}

// The row with a typed value, or null, for every field.
export function readRow(fields, row) {
  if (row === null || typeof row !== "object" || Array.isArray(row)) {
    throw new Refused([fault(null, "body", "a row must be an object that names a value for each column")]);
  }
  const read = {};
  const faults = [];
  for (const field of fields) {
    const given = Object.hasOwn(row, field.name) ? row[field.name] : null;
    const { value = null, rule } = given === null || given === undefined ? absent(field) : typed(field, given);
    if (rule) faults.push(broken(field, rule));
    read[field.name] = value;
  }
  const known = new Set(fields.map((field) => field.name));
  for (const name of Object.keys(row).filter((name) => !known.has(name))) {
    faults.push(fault(null, "columns", `${name.slice(0, 100)} is not a column of the contract`));
  }
  if (faults.length) throw new Refused(faults);
  return read;
}

// The patterns of the contract that this browser cannot read; other engines know other expressions.
export function unreadablePatterns(fields) {
  return fields.filter((field) => field.pattern !== null && compiled(field.pattern) === null);
}

function absent(field) {
  return field.required ? { rule: "required" } : {};
}

function typed(field, given) {
  if ("enum" in field.rules) {
    const meant = typeof given === "boolean" ? [given, Number(given)] : [given]; // to Python, true is 1
    const choice = field.choices.find((choice) => meant.includes(choice.value));
    return choice ? { value: choice.value } : { rule: "enum" };
  }
  const value = READERS[field.type](given);
  if (value === null) return { rule: "type" };
  if (typeof value === "string" && field.type === "string") return { value, rule: brokenByText(field, value) };
  const size = typeof value === "string" ? daysOf(value) : Number(value);
  const isBelow = field.minimum !== null && size < field.minimum;
  const isAbove = field.maximum !== null && size > field.maximum;
  return isBelow || isAbove ? { rule: "range" } : { value };
}

const READERS = {
  string: (given) => (typeof given === "string" ? given : null),
  number: finite,
  integer: whole,
  boolean: truth,
  date: (given) => (isMoment(given) && MIDNIGHT.test(given) ? given.slice(0, 10) : null),
  timestamp: (given) => (isMoment(given) ? given : null),
};

function isMoment(given) {
  return typeof given === "string" && daysOf(given) !== null;
}

function finite(given) {
  if (typeof given === "string" && !/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(given)) return null;
  const value = ["number", "string", "boolean"].includes(typeof given) ? Number(given) : NaN;
  return Number.isFinite(value) ? value : null;
}

// More digits than a float holds are kept: a number that only names something is compared as text.
function whole(given) {
  const value = finite(given);
  if (value === null || !Number.isInteger(value) || Math.abs(value) >= LARGEST_WHOLE) return null;
  const isExact = Number.isSafeInteger(value) || typeof given !== "string" || !/^\s*[+-]?\d+\s*$/.test(given);
  return isExact ? value : BigInt(given.trim().replace(/^\+/, ""));
}

function truth(given) {
  if (typeof given === "boolean") return given;
  const word = ["string", "number"].includes(typeof given) ? String(given).toLowerCase() : "";
  return TRUE.includes(word) ? true : FALSE.includes(word) ? false : null;
}

function brokenByText(field, text) {
  if (field.max_length !== null && [...text].length > field.max_length) return "length";
  const pattern = field.pattern === null ? null : compiled(field.pattern);
  return pattern && !pattern.test(text) ? "pattern" : undefined;
}

function compiled(pattern) {
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    return null;
  }
}

function broken(field, rule) {
  const name = rule in field.rules ? rule : "type";
  return fault(field.name, name, `${field.name} ${field.rules[name]}. ${field.description}`.trim());
}

function fault(column, rule, message) {
  return { column, rule, message };
}
