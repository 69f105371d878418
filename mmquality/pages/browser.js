// What Streamlit leaves to mend in the browser; run once for each visit.

// Streamlit 1.67 leaves two steps in the browser's history when a link leads from a page whose widgets stand in
// the address to another page: the first one is the old page with the new page's parameters, and the browser's
// Back would show that (another listing's comparison, say). The second step takes the first one's place here.
if (!window.mmqHistory) {
  window.mmqHistory = true;
  const push = history.pushState.bind(history);
  let kept = null; // the address of the newest step, where it is a page's that was open already
  history.pushState = (state, title, address) => {
    const from = location.href, there = new URL(address, from);
    const same = there.pathname === location.pathname;
    if (!same && kept === from && there.search === location.search) {
      history.replaceState(state, title, address);
    } else {
      push(state, title, address);
    }
    kept = same ? location.href : null;
  };
}

// A name is confirmed by Enter, and the field keeps the keys: the next ones would be written into it instead of
// giving verdicts.
if (!window.mmqName) {
  window.mmqName = true;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches(".stSidebar input")) {
      setTimeout(() => event.target.blur());
    }
  });
}

// A link in a piece of HTML (a gallery's card, say) leads on within the visit, as Streamlit's own links do: the
// way the browser's Back takes. With Ctrl or the middle button it opens a tab of its own, as any link.
if (!window.mmqLinks) {
  window.mmqLinks = true;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.mmq-link");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    dispatchEvent(new PopStateEvent("popstate"));
    document.querySelector(".stMain")?.scrollTo(0, 0);
  });
}

// When another listing comes, it is seen from its top, however far the one before was read: a key must not be a
// verdict on a photo that is out of sight. The same listing, drawn anew, stays where it is.
if (!window.mmqTop) {
  window.mmqTop = true;
  const titles = document.getElementsByClassName("mmq-title"); // kept up by the browser, so it costs nothing
  let shown = null;
  new MutationObserver(() => {
    const listing = titles[0]?.dataset.listing;
    if (!listing || listing === shown) return;
    shown = listing;
    document.querySelector(".stMain")?.scrollTo(0, 0);
  }).observe(document.body, { childList: true, subtree: true });
}

// On a phone the sidebar lies over the page: it closes when a page is chosen in it, and on a tap beside it, which
// is then for nothing that lies there.
if (!window.mmqDrawer) {
  window.mmqDrawer = true;
  const closing = () => document.querySelector('[data-testid="stSidebarCollapseButton"] button'); // while it is open
  let beside = false;
  document.addEventListener("pointerdown", (event) => {
    beside = innerWidth < 640 && closing() !== null && !event.target.closest(".stSidebar");
  }, true);
  document.addEventListener("click", (event) => {
    if (beside) {
      event.preventDefault();
      event.stopPropagation();
    }
    if (beside || (innerWidth < 640 && event.target.closest('[data-testid="stSidebarNavLink"]'))) {
      setTimeout(() => closing()?.click()); // Streamlit may have closed it at the first touch
    }
    beside = false;
  }, true);
}
