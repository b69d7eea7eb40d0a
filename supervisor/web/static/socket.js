// A WebSocket that comes back by itself, for ever, ever less eagerly, and says then what it heard last.

const FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 15_000;
const REVOKED = 4401;

// `heard` gets the topics of a room that changed (all of them first), `happened` each event, `shown` what a room shows.
export function watch(rooms, { heard = () => {}, happened = () => {}, shown = () => {}, opened = () => {}, lost = () => {} }) {
  let wait = FIRST_WAIT_MS, socket, last = null;
  const told = {
    state: ({ topics }) => heard(topics),
    events: ({ id, events }) => { last = id ?? last; events.forEach(happened); },
    snapshot: ({ room, data }) => shown(room, data),
    joined: ({ id }) => { last ??= id; },
    reset: ({ room, id }) => { last = id ?? null; if (id === undefined) join(room); },
  };
  const join = (room) => socket.send(JSON.stringify({ type: "join", room }));
  const path = () => `/ws/events?rooms=${rooms.join(",")}${last === null ? "" : `&since=${last}`}`;
  const connect = () => {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path()}`);
    socket.addEventListener("open", () => { wait = FIRST_WAIT_MS; opened(); });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      told[message.type]?.(message);
    });
    socket.addEventListener("close", (event) => {
      if (event.code === REVOKED) { logIn(); return; }
      lost();
      askWhy();
      setTimeout(connect, wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    });
  };
  connect();
}

// A socket that is refused does not say why; a request does. Without a session there is nothing to wait for.
async function askWhy() {
  try {
    const answer = await fetch("/api/v1/queues", { headers: { Accept: "application/json" } });
    if (answer.status === 401) logIn();
  } catch { /* it is away; the socket goes on trying */ }
}

function logIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}
