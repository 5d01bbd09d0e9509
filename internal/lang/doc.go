// Package lang holds every word that the desk says: the texts of its pages and faults in Russian and English, and how numbers, money and times are
// written in each. It must not know what a page looks like or why something is said: it gets codes and arguments.
package lang
