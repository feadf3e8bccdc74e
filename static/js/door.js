// Sign-in and lock pages need only these.
import "./submit.js";
import "./reveal.js";
