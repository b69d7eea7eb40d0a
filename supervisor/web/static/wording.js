// How values are written; the same as supervisor/web/wording.py writes them into the page.

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const TENTH = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function number(value) {
  return (Number.isInteger(value) || Math.abs(value) >= 100 ? WHOLE : TENTH).format(value);
}

export function duration(seconds) {
  const whole = Math.trunc(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.trunc(whole / 60), hours = Math.trunc(whole / 3600), days = Math.trunc(whole / 86400);
  if (hours === 0) return `${minutes} min ${whole % 60} s`;
  return days === 0 ? `${hours} h ${minutes % 60} min` : `${days} d ${hours % 24} h`;
}

export function moment(text) {
  return `${new Date(text).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

const STATES = { ok: "OK", never: "Not complete yet" };

export function words(value) {
  if (value in STATES) return STATES[value];
  const plain = String(value).replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1).toLowerCase();
}

export function written(value, how) {
  if (value === null || value === undefined || value === "") return "–";
  switch (how) {
    case "number": return number(value);
    case "duration": return duration(value);
    case "ago": return `${duration(value)} ago`;
    case "moment": return moment(value);
    case "percent": return `${Math.round(value * 100)} %`;
    case "state": case "words": return words(value);
    default: return String(value);
  }
}
