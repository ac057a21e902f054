// Reads the text of every PDF named on standard input with poppler's library, several times in one process, and prints per pass: pages, seconds.
// Then, per file: its name, pages, and the milliseconds of the fastest pass. Built by the table readers-pdf at run time where g++ and
// libpoppler-cpp-dev are installed.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>
#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-page.h>

int main(int argc, char** argv) {
    poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
    int passes = argc > 1 ? std::stoi(argv[1]) : 3;
    std::vector<std::string> files;
    for (std::string line; std::getline(std::cin, line);)
        files.push_back(line);
    std::vector<double> best(files.size(), 1e9);
    std::vector<int> pages(files.size(), 0);
    for (int pass = 0; pass < passes; pass++) {
        auto start = std::chrono::steady_clock::now();
        long all = 0;
        size_t bytes = 0;
        for (size_t f = 0; f < files.size(); f++) {
            auto before = std::chrono::steady_clock::now();
            std::unique_ptr<poppler::document> document(poppler::document::load_from_file(files[f]));
            int count = 0;
            if (document && !document->is_locked()) {
                for (int i = 0; i < document->pages(); i++) {
                    std::unique_ptr<poppler::page> page(document->create_page(i));
                    if (!page)
                        continue;
                    bytes += page->text(poppler::rectf(), poppler::page::physical_layout).size();
                    count++;
                }
            }
            double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count();
            if (ms < best[f])
                best[f] = ms;
            pages[f] = count;
            all += count;
        }
        double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::printf("pass %ld %.4f %zu\n", all, seconds, bytes);
    }
    for (size_t f = 0; f < files.size(); f++)
        std::printf("file\t%s\t%d\t%.3f\n", files[f].c_str(), pages[f], best[f]);
    return 0;
}
