/* The Guide's test page: goes to other addresses below it without a new page, as a web application does. */
const here = document.getElementById("here");
const show = () => {
  here.textContent = location.pathname.slice(document.body.dataset.base.length - 1) + location.search + location.hash;
};

document.getElementById("go").addEventListener("submit", (event) => {
  event.preventDefault();
  const path = document.getElementById("page").value.trim().replace(/^\/+/, "");
  history.pushState(null, "", document.body.dataset.base + path);
  show();
});
addEventListener("popstate", show);
document.getElementById("locale").addEventListener("change", (event) => event.target.form.requestSubmit());
show();
