/* What every page of the console runs. Each part enhances a page that works without it. */
import { setUpDialogs } from "./parts/dialogs";
import { setUpDrafts } from "./parts/drafts";
import { setUpMenus } from "./parts/menus";
import { setUpPalette } from "./parts/palette";
import { setUpRefusals } from "./parts/refusals";
import { setUpRequests } from "./parts/requests";
import { setUpColors, setUpCopying, setUpPasswords, setUpTabs, setUpTheme, setUpTimes } from "./parts/small";
import { setUpToasts } from "./parts/toasts";

setUpRequests();
setUpRefusals();
setUpToasts();
setUpMenus();
setUpDialogs();
setUpDrafts();
setUpPalette();
setUpCopying();
setUpTimes();
setUpTheme();
setUpPasswords();
setUpColors();
setUpTabs();
