// Says when there is news while the page is open.

import { watch } from "./socket.js";

const news = document.getElementById("news");

watch(["me"], {
  heard: ({ notices }) => {
    const newest = notices?.latest[0];
    if (!newest || newest.id <= Number(news.dataset.latest)) return;
    news.dataset.latest = newest.id;
    news.hidden = false;
    document.getElementById("said").textContent = `There is news: ${newest.registry_id}`;
  },
});
