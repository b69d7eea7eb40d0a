// A WebSocket that comes back by itself, for ever, ever less eagerly. The first message after each connect is everything.

const FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 15_000;
const REVOKED = 4401;

export function watch(path, { heard, opened, lost }) {
  let wait = FIRST_WAIT_MS, socket;
  const connect = () => {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
    socket.addEventListener("open", () => { wait = FIRST_WAIT_MS; opened(); });
    socket.addEventListener("message", (event) => heard(JSON.parse(event.data)));
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
