// Refreshes the page that the server wrote; without this script everything still works by reloading.
