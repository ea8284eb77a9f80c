// "/" goes to the filter, arrow keys move between the rows of a table, and Esc leaves.
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (event.key === "Escape") { event.target.blur(); return; }
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    const filter = document.querySelector("input[type=search]");
    if (filter) { event.preventDefault(); filter.focus(); }
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const row = event.target.closest("tbody tr");
    if (!row) return;
    const other = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    const link = other && other.querySelector("a");
    if (link) { event.preventDefault(); link.focus(); }
  }
});
