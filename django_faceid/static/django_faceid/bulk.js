// Keeps the numbers of a bulk job's page as they are; at its end the page is loaded anew.
"use strict";
{
  const page = document.querySelector("[data-progress-url]");
  const bar = page.querySelector("progress");

  const show = (told) => {
    bar.value = told.dealt_with;
    for (const place of page.querySelectorAll("[data-progress]")) {
      place.textContent = told[place.dataset.progress];
    }
  };

  const look = async () => {
    try {
      const answer = await fetch(page.dataset.progressUrl, { redirect: "error" });
      const told = await answer.json();
      show(told);
      if (told.state !== "running") {
        window.location.reload();
        return;
      }
    } catch {
      // The next look may fare better.
    }
    window.setTimeout(look, 2000);
  };

  window.setTimeout(look, 2000);
}
