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
      if (event.code === REVOKED) { location.assign("/login"); return; }
      lost();
      setTimeout(connect, wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    });
  };
  connect();
}
