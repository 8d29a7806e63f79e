// Values as the tensors that the model sees: what model/features.py does in Python, value for value.

const SECONDS_PER_DAY = 86400;
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

export const MISSING_CATEGORY = "";

// Days since 1970-01-01 UTC of an ISO date or time; one without an offset is in UTC. null where it is neither.
export function daysOf(text) {
  const parts = MOMENT.exec(text);
  if (!parts) return null;
  const [, day, hour = "0", minute = "0", second = "0", fraction = "", offset = "Z"] = parts;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  if (!isDay || hour > 23 || minute > 59 || second > 59) return null;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(offset) ?? [null, "+", 0, 0];
  const away = Number(`${sign}1`) * (hours * 3600 + minutes * 60);
  const seconds = midnight / 1000 + hour * 3600 + minute * 60 + Number(second) - away;
  return (seconds * 1e6 + Number(fraction.padEnd(6, "0"))) / 1e6 / SECONDS_PER_DAY;
}

export function asNumber(value) {
  if (value === null || value === undefined) return NaN;
  return typeof value === "string" ? daysOf(value) : Number(value);
}

export function asCategory(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING_CATEGORY;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return BigInt(value).toString();
  // Python writes small numbers with an exponent of two digits.
  return Math.abs(value) < 1e-4 ? value.toExponential().replace(/e-(\d)$/, "e-0$1") : String(value);
}

// One row's tensors: {numbers: Float32Array, categories: string[]}, each in the order of the signature.
export function encode(inputs, row) {
  return {
    numbers: Float32Array.from(inputs.filter((input) => !input.is_category), (input) => asNumber(row[input.name])),
    categories: inputs.filter((input) => input.is_category).map((input) => asCategory(row[input.name])),
  };
}
