// Before anything is drawn: the theme that was chosen here, so that a page does not flash in the other one.
{
  const theme = localStorage.getItem("millrace.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  document.documentElement.classList.add("scripted");
}
